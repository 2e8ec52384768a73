import { MAX_SYNC_PAYLOAD_BYTES, packedRecordSize, type SignedRecord } from '@dfs/protocol';
import type { FrameBounds } from '@dfs/transport';

/** Records of one frame, pushed or exchanged. */
export const RECORD_FRAMES: FrameBounds<SignedRecord> = { sizeOf: packedRecordSize, most: MAX_SYNC_PAYLOAD_BYTES };
