import { Component } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { render } from '@testing-library/angular';
import { createEvent, fireEvent, screen } from '@testing-library/dom';
import { FakeNode } from '../../../testing/fake-node.js';
import { WorkBeacon } from '../../work/work-beacon.js';
import { DropZone, type Dropped } from './drop-zone.js';

const read: string[] = [];

@Component({
  selector: 'dfs-test-page',
  imports: [DropZone],
  template: `<main [dfsDropZone]="'in/'" (dropped)="take($event)"></main>`,
})
class Page {
  taken: Promise<void> | null = null;
  protected take(dropped: Dropped): void {
    // As the queue does: what is dropped brings the drawer.
    TestBed.inject(WorkBeacon).tell({ active: 0, waiting: 0, any: true });
    this.taken = dropped((entries) => read.push(...entries.map(({ path }) => path)));
  }
}

describe('DropZone', () => {
  it('reads no entry of what was dropped before the drawer is on the screen', async () => {
    const fake = new FakeNode();
    const { fixture } = await render(Page, { providers: fake.providers });
    const beacon = TestBed.inject(WorkBeacon);
    const looked: string[] = [];
    const entry = {
      isFile: true,
      isDirectory: false,
      name: 'a.txt',
      file: (done: (file: File) => void) => {
        looked.push('a.txt');
        done(new File(['x'], 'a.txt'));
      },
    };
    const event = createEvent.drop(screen.getByRole('main'));
    const items = [{ kind: 'file', webkitGetAsEntry: () => entry }];
    Object.defineProperty(event, 'dataTransfer', { value: { types: ['Files'], items, files: [] } });
    fireEvent(screen.getByRole('main'), event);
    await Promise.resolve();
    expect(looked).toEqual([]);
    beacon.drew(true);
    await fixture.componentInstance.taken;
    expect(looked).toEqual(['a.txt']);
    expect(read).toEqual(['in/a.txt']);
    fake.events.stop();
  });
});
