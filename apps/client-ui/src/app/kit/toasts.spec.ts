import { jest } from '@jest/globals';
import { TestBed } from '@angular/core/testing';
import { ApplicationRef, provideZonelessChangeDetection } from '@angular/core';
import { screen } from '@testing-library/angular';
import { fireEvent } from '@testing-library/dom';
import { Toasts } from './toasts.js';

describe('Toasts', () => {
  let toasts: Toasts;
  const texts = () => toasts.shown().map(({ text }) => text);

  beforeEach(() => {
    TestBed.configureTestingModule({ providers: [provideZonelessChangeDetection()] });
    toasts = TestBed.inject(Toasts);
  });
  afterEach(() => jest.useRealTimers());

  it('go by themselves, but not while they are held', () => {
    jest.useFakeTimers();
    toasts.show({ text: 'one', durationMs: 1000 });
    jest.advanceTimersByTime(500);
    expect(texts()).toEqual(['one']);
    toasts.hold(true);
    jest.advanceTimersByTime(60_000);
    expect(texts()).toEqual(['one']);
    toasts.hold(false);
    expect(texts()).toEqual([]);
    toasts.show({ text: 'two', durationMs: 1000 });
    jest.advanceTimersByTime(2000);
    expect(texts()).toEqual([]);
  });

  it('are held by the focus on a button of theirs, until that is used', () => {
    jest.useFakeTimers();
    const app = TestBed.inject(ApplicationRef);
    let undone = 0;
    toasts.show({ text: 'Deleted it.', action: 'Undo', run: () => undone++, durationMs: 1000 });
    jest.advanceTimersByTime(500);
    app.tick();
    const undo = screen.getByRole('button', { name: 'Undo' });
    undo.focus();
    toasts.show({ text: 'another', durationMs: 1000 });
    jest.advanceTimersByTime(60_000);
    expect(texts()).toEqual(['Deleted it.', 'another']);
    fireEvent.click(undo);
    expect(undone).toBe(1);
    expect(texts()).toEqual([]);
  });
});
