/** How much of small things goes into one frame. */
export interface FrameBounds<T> {
  /** In the unit of `most`, bytes mostly; 0 for what takes no room. */
  sizeOf(item: T): number;
  /** All items of a frame together. One that is larger goes by itself. */
  readonly most: number;
  /** Any number when left out. */
  readonly mostItems?: number;
  /** Whether an item ends its frame, and shares it with none that has a size. */
  isAlone?(item: T): boolean;
}

/** Gathers small things to frames: a frame is sent once the next item does not fit in it. */
export class FrameWriter<T> {
  #items: T[] = [];
  #size = 0;

  /** @param send sends one frame; the next begins once it has ended */
  constructor(
    private readonly bounds: FrameBounds<T>,
    private readonly send: (items: T[]) => Promise<void>,
  ) {}

  /** Sends what was gathered before, where the item does not fit. */
  async add(item: T): Promise<void> {
    const { bounds } = this;
    const size = bounds.sizeOf(item);
    const isAlone = bounds.isAlone?.(item) ?? false;
    if (isFull(bounds, this.#items.length, this.#size, isAlone ? Infinity : size)) await this.end();
    this.#items.push(item);
    this.#size += size;
    if (isAlone) await this.end();
  }

  /** Sends what is left; nothing where that is nothing. */
  async end(): Promise<void> {
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    this.#size = 0;
    await this.send(items);
  }
}

/** The same items in frames, for one who sends them at its own time. */
export function* framesOf<T>(
  items: Iterable<T>,
  bounds: Omit<FrameBounds<T>, 'isAlone'>,
): Generator<T[], void, undefined> {
  let frame: T[] = [];
  let gathered = 0;
  for (const item of items) {
    const size = bounds.sizeOf(item);
    if (isFull(bounds, frame.length, gathered, size)) {
      yield frame;
      frame = [];
      gathered = 0;
    }
    frame.push(item);
    gathered += size;
  }
  if (frame.length > 0) yield frame;
}

function isFull(
  { most, mostItems = Infinity }: FrameBounds<never>,
  items: number,
  gathered: number,
  more: number,
): boolean {
  return items >= mostItems || (gathered > 0 && gathered + more > most);
}
