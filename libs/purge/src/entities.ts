import type { EntityClass } from '@dfs/database';
import { PurgeEntity, ReceiptEntity, SignatoryEntity } from './receipts.entity.js';

/** What the tables of receipts look like. */
export const purgeEntities: EntityClass[] = [SignatoryEntity, ReceiptEntity, PurgeEntity];
