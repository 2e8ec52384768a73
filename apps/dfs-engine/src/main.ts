/** The program: how it runs first, since that cannot be changed once the rest is loaded. */
import { becomeTuned } from './runtime-flags.js';

becomeTuned();
await import('./run.js');
