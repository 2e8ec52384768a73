import { provideHttpClient } from '@angular/common/http';
import { provideZonelessChangeDetection, signal } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { provideRouter } from '@angular/router';
import { Sights } from '../app/safety/sights.js';
import { PeersState } from '../app/peers/peers-state.js';
import { CopiesWatch } from '../app/work/copies-watch.js';
import { JobsState } from '../app/work/jobs-state.js';
import { FoldersState } from '../app/folders/folders-state.js';
import { UploadQueue } from '../app/files/upload/upload-queue.js';
import { Gallery } from './gallery.js';
import { FOLDERS, JOBS, QUEUE } from './work-samples.js';

/** No node behind it: what parts ask for is made up, so that each can be looked at in every state. */
bootstrapApplication(Gallery, {
  providers: [
    provideZonelessChangeDetection(),
    provideHttpClient(),
    provideRouter([]),
    { provide: Sights, useValue: { now: signal({ current: true, nodes: 4, target: 3 }) } },
    { provide: UploadQueue, useValue: QUEUE },
    { provide: JobsState, useValue: JOBS },
    { provide: FoldersState, useValue: FOLDERS },
    { provide: CopiesWatch, useValue: {} },
    { provide: PeersState, useValue: { nameOf: (id: string) => id, stateOf: () => 'connected' } },
  ],
}).catch((error: unknown) => console.error(error));
