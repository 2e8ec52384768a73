import '@angular/localize/init';
import { configure } from '@testing-library/dom';
import { setupZonelessTestEnv } from 'jest-preset-angular/setup-env/zoneless';

setupZonelessTestEnv();
// The condition comes true; how soon depends on how busy the machine is.
configure({ asyncUtilTimeout: 120_000 });

// Every browser has it; the jsdom of these tests reads a Blob by FileReader alone.
if (!('arrayBuffer' in Blob.prototype)) {
  Object.defineProperty(Blob.prototype, 'arrayBuffer', {
    writable: true,
    configurable: true,
    value(this: Blob): Promise<ArrayBuffer> {
      return new Promise((done, failed) => {
        const reader = new FileReader();
        reader.onload = () => done(reader.result as ArrayBuffer);
        reader.onerror = () => failed(reader.error ?? new Error('unreadable'));
        reader.readAsArrayBuffer(this);
      });
    },
  });
}
