import type { Problem } from '../error-codes.js';
import type { PeerIdText, Timestamp } from './common.js';
import type { FileInfo } from './files.js';

// Contents, whatever paths show them: chunks, holders, what was found.

/** `POST /files/lookup`: up to 1,000 whole paths. */
export interface LookupRequest {
  paths: string[];
}
/** A result for each path, in their order. */
export interface LookupResults {
  results: LookupResult[];
}
/** The file at one path of `POST /files/lookup`, in the order of the request. */
export interface LookupResult {
  path: string;
  /** Null when there is no such file, or it is deleted. */
  file: FileInfo | null;
  /** Why this can be no path. */
  problem?: Problem;
}
/** `GET /files/{fileId}/chunks` */
export interface ChunkList {
  items: ChunkInfo[];
  nextCursor: string | null;
  total: number;
}
/** A chunk of a file: `offset` and `size` in bytes, `id` a CIDv1. */
export interface ChunkInfo {
  id: string;
  offset: number;
  size: number;
  /** Held by this node. */
  here: boolean;
}
/** `GET /files/{fileId}/holders` */
export interface HolderList {
  extents: {
    index: number;
    /** `live`: within grace, so that its promise counts. `reachable`: it can be asked for the bytes now. */
    holders: { peerId: PeerIdText; name: string; live: boolean; reachable: boolean; self: boolean }[];
  }[];
}
/** `POST /files/{fileId}/verify`: every chunk that is on this node was read. */
export interface VerifyResult {
  /** Chunks of the file. */
  chunks: number;
  /** Those that are here and are what they should be, and their bytes. */
  here: number;
  bytes: number;
  /** Those that were here and are damaged: they are fetched anew from members that have them. */
  damaged: number;
}
/** `GET /found-contents`, by content id. */
export interface FoundContentList {
  items: FoundContentInfo[];
  nextCursor: string | null;
  /** All of them, over all pages, and their bytes. */
  total: number;
  bytes: number;
}
/** A content on this node's disk that no record names: its name was lost with a database. */
export interface FoundContentInfo {
  contentId: string;
  size: number;
  /** By its first bytes. */
  mediaType: string;
  /** Whether every chunk is here, so that a file can be made of it. */
  whole: boolean;
  foundAt: Timestamp;
}
/** `POST /found-contents/{contentId}/adopt` */
export interface AdoptFoundRequest {
  path: string;
}
