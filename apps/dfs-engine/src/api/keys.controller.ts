import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiSchema,
  ApiTags,
} from '@nestjs/swagger';
import { IsIn, IsISO8601, IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import {
  routes,
  type KeyInfo,
  type KeyList,
  type KeyRequest,
  type KeyScope,
  type MadeKey,
  type RotatedKeys,
} from '@dfs/contracts';
import { FIELD, NameText, NoQuery, Problems } from '@dfs/files';
import { MAX_NAME_LENGTH, MAX_PATH_BYTES } from '@dfs/protocol';
import { Keys } from '../access/keys/keys.js';

const KEY_ID = /^[a-z2-7]{16}$/;
const SCOPES: KeyScope[] = ['read', 'write', 'admin'];
const id = { type: 'string', pattern: KEY_ID.source } as const;
const momentOrNever = { ...FIELD.moment, nullable: true } as const;

/** Which key. */
export class KeyParams {
  @ApiProperty({ ...id, description: 'Id of the key, as GET /keys tells it.' })
  @Matches(KEY_ID, { message: 'is not the id of a key, as GET /keys tells them' })
  id!: string;
}

/** Body of `POST /keys`. */
@ApiSchema({ name: 'KeyRequest' })
export class KeyBody implements KeyRequest {
  @ApiProperty({
    ...FIELD.text,
    minLength: 1,
    maxLength: MAX_NAME_LENGTH,
    description: 'The use of the key, in words of a person.',
  })
  @NameText()
  name!: string;

  @ApiProperty({ type: 'string', enum: SCOPES, description: 'read; write also changes files; admin may everything.' })
  @IsIn(SCOPES, { message: `must be one of ${SCOPES.join(', ')}` })
  scope!: KeyScope;

  @ApiPropertyOptional({
    ...FIELD.path,
    example: 'photos/',
    description: 'A folder where the network ends for the key: it sees nothing else.',
  })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(4 * MAX_PATH_BYTES)
  prefix?: string;

  @ApiPropertyOptional({ ...FIELD.moment, maxLength: 40, description: 'When it ends by itself; never when left out.' })
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true }, { message: 'must be a time such as 2026-12-31T12:00:00Z' })
  @Matches(/(Z|[+-]\d\d:\d\d)$/, { message: 'needs a zone, such as the Z of 2026-12-31T12:00:00Z' })
  @MaxLength(40)
  expiresAt?: string;
}

/** One key, without its secret. */
@ApiSchema({ name: 'KeyInfo' })
export class KeyDto implements KeyInfo {
  @ApiProperty(id) id!: string;
  @ApiProperty(FIELD.text) name!: string;
  @ApiProperty({ type: 'string', enum: SCOPES }) scope!: KeyScope;
  @ApiProperty({ ...FIELD.text, description: 'Where the network ends for it; empty where it does not.' })
  prefix!: string;
  @ApiProperty({ type: 'string', enum: ['active', 'expired', 'revoked'] }) state!: KeyInfo['state'];
  @ApiProperty(FIELD.moment) createdAt!: string;
  @ApiProperty({ ...momentOrNever, description: 'Null: never.' }) expiresAt!: string | null;
  @ApiProperty(momentOrNever) revokedAt!: string | null;
  @ApiProperty(momentOrNever) lastUsedAt!: string | null;
}

/** All keys of this node. */
@ApiSchema({ name: 'KeyList' })
export class KeyListDto implements KeyList {
  @ApiProperty({ type: [KeyDto] }) items!: KeyDto[];
}

/** A key that was made just now. */
@ApiSchema({ name: 'MadeKey' })
export class MadeKeyDto extends KeyDto implements MadeKey {
  @ApiProperty({ ...FIELD.text, description: 'Shown this once: it is kept nowhere.' }) secret!: string;
  @ApiProperty({ ...FIELD.text, description: 'Id and secret, as they go behind Authorization: Bearer.' })
  token!: string;
}

/** Results for the keys there were. */
@ApiSchema({ name: 'RotatedKeys' })
export class RotatedKeysDto implements RotatedKeys {
  @ApiProperty({ ...FIELD.count, description: 'Keys that could be used until then.' }) ended!: number;
}

/** Keys of programs, which hold for this node. */
@ApiTags('keys')
@Controller(routes.keys)
export class KeysController {
  constructor(private readonly keys: Keys) {}

  @Get()
  @ApiOperation({ operationId: 'listKeys', summary: 'All keys of this node, those that have ended too' })
  @Problems('forbidden')
  @ApiOkResponse({ type: KeyListDto, description: 'Newest first.' })
  list(@Query() _query: NoQuery): KeyList {
    return { items: this.keys.list() };
  }

  @Post()
  @ApiOperation({ operationId: 'makeKey', summary: 'Make a key; its secret is shown this once' })
  @Problems('too-many-requests')
  @ApiCreatedResponse({ type: MadeKeyDto })
  make(@Query() _query: NoQuery, @Body() { expiresAt, ...key }: KeyBody): Promise<MadeKey> {
    return this.keys.make({ ...key, ...(expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) }) });
  }

  @Post('rotate')
  @HttpCode(200)
  @ApiOperation({ operationId: 'rotateKeys', summary: 'End all keys at once' })
  @Problems()
  @ApiOkResponse({ type: RotatedKeysDto })
  async rotate(@Query() _query: NoQuery): Promise<RotatedKeys> {
    return { ended: await this.keys.rotate() };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'revokeKey', summary: 'End a key, with its sockets and transfers' })
  @Problems('key-not-found')
  @ApiNoContentResponse()
  revoke(@Param() { id }: KeyParams, @Query() _query: NoQuery): Promise<void> {
    return this.keys.revoke(id);
  }
}
