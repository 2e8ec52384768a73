import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

// Keeps V8 from taking memory because there is some: a node shares its machine with other programs, and the bytes it
// moves lie outside of the heap.

/** The heap grows by this much over what was alive at the last collection; left alone, V8 takes up to four times. */
const GROWING_PERCENT = 80;
/** Room for new objects. V8 would take 128 MiB of it on a large machine, and hardly be faster. */
const YOUNG_BYTES = 16 * 1024 * 1024;
/** Objects alive at a time while it is brought to that size; it gets there in a few rounds. */
const ROUND = 20_000;
const MAX_ROUNDS = 200;

setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
// Each read of a socket is a new buffer outside of the heap. By default every 32 MiB of them force a collection of the
// whole heap; counted together with the heap, they cost about half the CPU of a transfer.
setFlagsFromString('--external-memory-accounted-in-global-limit');
fixYoungGeneration();

/** Its limit cannot be set once the process runs; but it can be grown to a size, and be kept from growing further. */
function fixYoungGeneration(): void {
  let kept: object[] = [];
  for (let round = 0; round < MAX_ROUNDS && youngBytes() < YOUNG_BYTES; round++) {
    if (round % 20 === 0) kept = [];
    for (let i = 0; i < ROUND; i++) kept.push({ i });
  }
  setFlagsFromString('--semi-space-growth-factor=1');
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_size ?? YOUNG_BYTES;
}
