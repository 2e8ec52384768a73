import { duration, size, type Printer } from './printer.js';

/** Milliseconds between two lines of progress. */
const EVERY = 200;

/** Bytes and files that have gone one way, with rate and time left. Shown on a terminal, and counted everywhere. */
export class Progress {
  files = 0;
  bytes = 0;
  private readonly began = performance.now();
  private lastShown = 0;

  constructor(
    private readonly printer: Printer,
    private readonly total: { files: number; bytes: number },
  ) {}

  moved(bytes: number): void {
    this.bytes += bytes;
    this.show();
  }

  fileDone(): void {
    this.files++;
    this.show();
  }

  /** Leaves an empty line behind. */
  end(): void {
    this.printer.status('');
  }

  /** Bytes a second since the begin. */
  get rate(): number {
    return (this.bytes / Math.max(performance.now() - this.began, 1)) * 1000;
  }

  get elapsed(): number {
    return performance.now() - this.began;
  }

  private show(): void {
    const now = performance.now();
    if (now - this.lastShown < EVERY) return;
    this.lastShown = now;
    const { files, bytes } = this.total;
    const left =
      this.rate > 0 && bytes > this.bytes ? `, ${duration(((bytes - this.bytes) / this.rate) * 1000)} left` : '';
    const share = bytes > 0 ? `${Math.floor((this.bytes / bytes) * 100)} %  ` : '';
    this.printer.status(
      `${share}${size(this.bytes)} of ${size(bytes)}, ${this.files} of ${files} files, ${size(Math.round(this.rate))}/s${left}`,
    );
  }
}
