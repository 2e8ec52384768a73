import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { routes, type EventPage } from '@dfs/contracts';
import { EventLog } from '@dfs/events';
import { DecimalQuery, Problems } from '@dfs/files';
import { EventPageDto } from './api.schema.dto.js';

const MAX_PAGE = 1000;

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

/** Route `/events`: past events, for clients that were away. */
@ApiTags('events')
@Controller(routes.events)
export class EventsController {
  constructor(private readonly events: EventLog) {}

  @Get()
  @ApiOperation({ operationId: 'listEvents', summary: 'Past events, for a client that was away' })
  @Problems()
  @ApiOkResponse({ type: EventPageDto })
  list(@Query() { after, limit }: EventsQuery): Promise<EventPage> {
    return this.events.since(after, limit);
  }
}
