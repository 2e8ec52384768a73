import type { NextFunction, Request, RequestHandler, Response } from 'express';

/** Requests that are being answered. Those of health are not counted: they ask whether there are others. */
export class UnderWay {
  private count = 0;
  private readonly waiting = new Set<() => void>();

  counting(): RequestHandler {
    return (request: Request, response: Response, next: NextFunction) => {
      if (!request.path.startsWith('/health/')) {
        this.count += 1;
        response.once('close', () => this.ended());
      }
      next();
    };
  }

  /** Resolves when nothing is under way, or after so many milliseconds. */
  async over(patience: number): Promise<void> {
    if (this.count === 0) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, patience);
      this.waiting.add(done);
    });
  }

  private ended(): void {
    this.count -= 1;
    if (this.count === 0) for (const done of this.waiting) done();
  }
}
