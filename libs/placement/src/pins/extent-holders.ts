/** Holders of each extent of a content. Extents nobody holds are left out. Contents that have the same may share it. */
export type ExtentHolders = ReadonlyMap<number, readonly string[]>;

/** Holders of the first extent, in the order in which they were found: each is kept once, however many contents have it. */
class FirstHolders {
  #then: Map<string, FirstHolders> | undefined;
  #extents: ExtentHolders | undefined;

  constructor(private readonly holders: readonly string[]) {}

  /** These, and one more. */
  and(peerId: string): FirstHolders {
    this.#then ??= new Map();
    let longer = this.#then.get(peerId);
    if (!longer) this.#then.set(peerId, (longer = new FirstHolders([...this.holders, peerId])));
    return longer;
  }

  get extents(): ExtentHolders {
    return (this.#extents ??= new Map(this.holders.length === 0 ? [] : [[0, this.holders]]));
  }
}

/**
 * Holders of a page of contents, by the places of these in it. Nearly all contents have one extent, and few sets of holders: a map and a list for
 * each would be what such a page costs.
 */
export class HoldersFound {
  readonly #firsts: FirstHolders[];
  /** Of contents with other extents than the first. */
  readonly #others = new Map<number, Map<number, string[]>>();

  constructor(contents: number) {
    this.#firsts = new Array<FirstHolders>(contents).fill(new FirstHolders([]));
  }

  add(at: number, extent: number, peerId: string): void {
    const others = this.#others.get(at);
    if (extent === 0 && !others) {
      this.#firsts[at] = this.#firsts[at]!.and(peerId);
      return;
    }
    const extents = others ?? new Map([...this.#firsts[at]!.extents].map(([first, holders]) => [first, [...holders]]));
    this.#others.set(at, extents);
    const holders = extents.get(extent);
    if (holders) holders.push(peerId);
    else extents.set(extent, [peerId]);
  }

  of(at: number): ExtentHolders {
    return this.#others.get(at) ?? this.#firsts[at]!.extents;
  }
}
