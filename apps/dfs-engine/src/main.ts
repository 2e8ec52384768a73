/** The program: memory first, since loading the rest is what grows the heap. */
import './memory.js';

await import('./run.js');
