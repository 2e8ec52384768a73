import { getSchemaPath } from '@nestjs/swagger';
import { VOLATILE_EVENTS, type EventType } from '@dfs/contracts';
import { EVENT_DATA, StreamPositionDto } from '../api/events.schema.dto.js';

/** Classes of the document that no operation names by itself. */
export const EVENT_MODELS = [...new Set([...Object.values(EVENT_DATA), StreamPositionDto])];

/** Every event, in the order of the table. */
export const EVENT_TYPES = Object.keys(EVENT_DATA) as EventType[];

/** Name of an event’s schema: `file.uploaded` is `FileUploaded`. */
export function eventName(type: EventType): string {
  return type.replace(/(?:^|\.)(\w)/g, (_all, letter: string) => letter.toUpperCase());
}

/** Whether events of this type are sent and not kept. */
export function isVolatile(type: EventType): boolean {
  return (VOLATILE_EVENTS as readonly EventType[]).includes(type);
}

/** A schema for each event as it travels, and `AnyEvent`, which is one of them. */
export function eventSchemas(): Record<string, object> {
  const refs = EVENT_TYPES.map((type) => ({ type, $ref: `#/components/schemas/${eventName(type)}Event` }));
  return {
    ...Object.fromEntries(EVENT_TYPES.map((type) => [`${eventName(type)}Event`, envelope(type)])),
    AnyEvent: {
      oneOf: refs.map(({ $ref }) => ({ $ref })),
      discriminator: {
        propertyName: 'type',
        mapping: Object.fromEntries(refs.map(({ type, $ref }) => [type, $ref])),
      },
    },
  };
}

function envelope(type: EventType): object {
  const seq = isVolatile(type)
    ? { type: 'null', description: 'It is not numbered, and not kept: what is true now.' }
    : { type: 'integer', minimum: 1, description: 'It only grows within a stream.' };
  return {
    type: 'object',
    properties: {
      stream: { type: 'string', description: 'Another one after a data directory was restored.' },
      seq,
      type: { type: 'string', enum: [type] },
      time: { type: 'string', format: 'date-time' },
      data: { $ref: getSchemaPath(EVENT_DATA[type]) },
    },
    required: ['stream', 'seq', 'type', 'time', 'data'],
  };
}
