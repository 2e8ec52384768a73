import type { EntityClass } from '@dfs/database';
import { PurgeEntity, ReceiptEntity, SignatoryEntity } from './receipts.entity.js';

/** Entities of the tables of receipts. */
export const purgeEntities: EntityClass[] = [SignatoryEntity, ReceiptEntity, PurgeEntity];
