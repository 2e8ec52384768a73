import '@angular/localize/init';
import { setupZonelessTestEnv } from 'jest-preset-angular/setup-env/zoneless';

/* Specs that talk to a real server ask for jest's node environment, which has no document and needs no Angular. */
if (typeof document !== 'undefined') setupZonelessTestEnv();
