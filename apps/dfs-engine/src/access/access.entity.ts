import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { KeyScope } from '@dfs/contracts';

/** Keys of programs. Nothing here is secret: a secret follows from the node's own key, the generation and the id. */
@Entity({ name: 'api_key', withoutRowid: true })
export class ApiKeyEntity {
  /** Public part of the key, by which it is named. */
  @PrimaryColumn({ type: 'text' })
  id!: string;

  /** The name that a person gave it. */
  @Column({ type: 'text' })
  name!: string;

  /** `read`, `write` or `admin`. */
  @Column({ type: 'text' })
  scope!: KeyScope;

  /** Folder where the network ends for the key, with a slash at its end; empty where it does not end. */
  @Column({ type: 'text' })
  prefix!: string;

  /** In ms since 1970. */
  @Column({ type: 'integer', name: 'created_at' })
  createdAt!: number;

  /** In ms since 1970; null for a key that does not end by itself. */
  @Column({ type: 'integer', name: 'expires_at', nullable: true })
  expiresAt!: number | null;

  /** In ms since 1970; null for a key that was not revoked. */
  @Column({ type: 'integer', name: 'revoked_at', nullable: true })
  revokedAt!: number | null;

  /** In ms since 1970; null for a key that was never used. */
  @Column({ type: 'integer', name: 'used_at', nullable: true })
  usedAt!: number | null;
}

/** How often all keys were ended at once: secrets follow from it, too. One row. */
@Entity({ name: 'api_key_generation' })
@Check('one = 1')
export class ApiKeyGenerationEntity {
  /** Always 1. */
  @PrimaryColumn({ type: 'integer' })
  one!: number;

  /** From 1. */
  @Column({ type: 'integer' })
  generation!: number;
}

/** Browsers that are signed in. */
@Entity({ name: 'session', withoutRowid: true })
export class SessionEntity {
  /** A hash of what is in the cookie. */
  @PrimaryColumn({ type: 'text' })
  id!: string;

  /** In ms since 1970. */
  @Column({ type: 'integer', name: 'created_at' })
  createdAt!: number;

  /** In ms since 1970. */
  @Column({ type: 'integer', name: 'used_at' })
  usedAt!: number;

  /** How the browser called itself. */
  @Column({ type: 'text' })
  agent!: string;
}

/** Tables of who may use the node. */
export const accessEntities = [ApiKeyEntity, ApiKeyGenerationEntity, SessionEntity];
