/**
 * Moves blocks between nodes: asks peers, fetches from many at once and together with others who fetch the same, serves.
 * Guarantees: every byte from a peer is held against its id before anyone sees it; all queues and windows are bounded; a
 * peer that is slow or silent keeps nobody waiting.
 * Does not: know pins, members or paths, or decide what should be fetched. Units: bytes, milliseconds.
 */
export { askBlocks, askHave, type Opener } from './ask/block-client.js';
export { RequestSlots } from './ask/request-slots.js';
export { rateFrom, Silence } from './ask/stall.js';
export { DownloadTransfer } from './download-transfer.js';
export { CoFetchers, type Gainer, type Meeting, type CoFetchersComponents } from './fetchers/co-fetchers.js';
export { Fetchers } from './fetchers/fetchers.js';
export { HAVE_TIME, MAX_LOT_BLOCKS, NOTABLE_BYTES, REASK_AFTER, requestsWithin, TELL_EVERY } from './limits.js';
export { NotableTransfer } from './notable-transfer.js';
export type { BlockReader, PinAnswers } from './ports.js';
export { BlockServer } from './serve/block-server.js';
export type { Want } from './swarm/block-schedule.js';
export { Swarm, type SwarmComponents } from './swarm/swarm.js';
export { Transfers, type Transfer, type TransferOptions } from './transfers.js';
