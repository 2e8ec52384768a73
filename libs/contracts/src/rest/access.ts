import type { Timestamp } from './common.js';

// Access to a node: keys of programs, sessions of browsers.

/** `read`; `write` also changes files; `admin` may all that the token of the node may. */
export type KeyScope = 'read' | 'write' | 'admin';

/** One key, without its secret. */
export interface KeyInfo {
  id: string;
  name: string;
  scope: KeyScope;
  /** Where the network ends for it, such as `photos/`; empty where it does not. */
  prefix: string;
  state: 'active' | 'expired' | 'revoked';
  createdAt: Timestamp;
  /** Null: never. */
  expiresAt: Timestamp | null;
  revokedAt: Timestamp | null;
  lastUsedAt: Timestamp | null;
}
/** `GET /keys` */
export interface KeyList {
  items: KeyInfo[];
}
/** `POST /keys` */
export interface KeyRequest {
  name: string;
  scope: KeyScope;
  prefix?: string;
  expiresAt?: Timestamp;
}
/** A key and its secret, which is shown this once. */
export interface MadeKey extends KeyInfo {
  secret: string;
  /** The secret that goes behind `Authorization: Bearer`. */
  token: string;
}
/** `POST /keys/rotate` */
export interface RotatedKeys {
  /** Keys that could be used until then. */
  ended: number;
}

/** One browser that is signed in. */
export interface SessionInfo {
  id: string;
  /** How it called itself. */
  agent: string;
  /** It is the one that asks. */
  current: boolean;
  createdAt: Timestamp;
  lastUsedAt: Timestamp;
  expiresAt: Timestamp;
}
/** `GET /sessions` */
export interface SessionList {
  items: SessionInfo[];
}
