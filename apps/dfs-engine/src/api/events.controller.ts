import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiProduces, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min, MinLength } from 'class-validator';
import type { Request, Response } from 'express';
import { MAX_PAGE, routes, type EventPage } from '@dfs/contracts';
import { bothViews, EventLog, EventStreams, MAX_TOPICS_LENGTH, streamFrom, topicsView } from '@dfs/events';
import { callerOf, DecimalQuery, Problems } from '@dfs/files';
import { DfsError } from '@dfs/runtime';
import { viewOf } from '../access/event-view.js';
import { EventPageDto } from './api.schema.dto.js';

const STREAM_POSITION = /^(?:[\w-]{1,64}:)?\d{1,15}$/;

/** Query of `GET /events`. */
export class EventsQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    default: 0,
    description: 'Events after this one.',
  })
  @DecimalQuery()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after: number = 0;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_PAGE,
    default: MAX_PAGE,
    description: 'Events of a page, at most.',
  })
  @DecimalQuery()
  @IsInt()
  @Min(1)
  @Max(MAX_PAGE)
  limit: number = MAX_PAGE;
}

/** Query of `GET /events/stream`. */
export class EventStreamQuery {
  @ApiPropertyOptional({
    type: 'string',
    pattern: STREAM_POSITION.source,
    description: 'A sequence number, or the id of an event: those after it come first. Last-Event-ID counts before it.',
  })
  @IsOptional()
  @Matches(STREAM_POSITION, { message: 'must be a sequence number, or the id of an event' })
  after?: string;

  @ApiPropertyOptional({
    type: 'string',
    maxLength: MAX_TOPICS_LENGTH,
    example: 'file,node.warning',
    description: 'Types of events, or families of them, with commas between them; all when left out.',
  })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_TOPICS_LENGTH)
  topics?: string;
}

/** Routes of events: past ones, for clients that were away, and those to come, for clients without Socket.IO. */
@ApiTags('events')
@Controller(routes.events)
export class EventsController {
  constructor(
    private readonly events: EventLog,
    private readonly streams: EventStreams,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'listEvents', summary: 'Past events, for a client that was away' })
  @Problems()
  @ApiOkResponse({ type: EventPageDto })
  list(@Query() { after, limit }: EventsQuery): Promise<EventPage> {
    return this.events.since(after, limit);
  }

  @Get('stream')
  @ApiOperation({
    operationId: 'streamEvents',
    summary: 'Events as they come, by server-sent events',
    description:
      'Each message has the type of the event as its name, the event as JSON, and <stream>:<seq> as its id, which goes back as Last-Event-ID. ready says that all that was missed has come, resync that it is gone: read everything anew. A comment comes every 15 seconds, or an id alone where what has happened concerns no topic of yours. With the token or a key alone, no cookie.',
  })
  @Problems('too-many-requests')
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The id of the last event that came.',
    schema: { type: 'string', maxLength: 128 },
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ schema: { type: 'string' }, description: 'Events, until one side ends it.' })
  stream(@Query() { after, topics }: EventStreamQuery, @Req() request: Request, @Res() response: Response): void {
    if (request.headers.authorization === undefined) {
      throw new DfsError('unauthorized', 'This stream takes the token of the node or a key as Authorization: Bearer.');
    }
    const last = request.headers['last-event-id'];
    const from = last === undefined ? streamFrom('after', after) : streamFrom('Last-Event-ID', String(last));
    const view = bothViews(topics === undefined ? undefined : topicsView(topics), viewOf(callerOf(request)));
    if (request.method === 'HEAD') {
      response.status(200).type('text/event-stream').end();
      return;
    }
    this.streams.serve(response, from, view);
  }
}
