import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import {
  routes,
  type LiveFolderCount,
  type LiveFolderEstimate,
  type LiveFolderHoldList,
  type LiveFolderInfo,
  type LiveFolderIssuePage,
  type LiveFolderList,
  type LiveFolderRoots,
  type LiveFolderSettled,
  type LiveFolderTrashPage,
  type RestoredFromTrash,
} from '@dfs/contracts';
import { NoQuery, PageQuery, Problems } from '@dfs/files';
import { LiveFolders } from '../live-folders.js';
import {
  AnswerHoldBody,
  BindBody,
  EmptyTrashQuery,
  EstimateBody,
  HoldParams,
  LiveFolderParams,
  PatchBody,
  PauseBody,
  RestoreFromTrashBody,
  RootsQuery,
  SettleBody,
} from './live-folders.dto.js';
import {
  EstimateDto,
  HoldListDto,
  IssuePageDto,
  LiveFolderCountDto,
  LiveFolderDto,
  LiveFolderListDto,
  RestoredDto,
  RootsDto,
  SettledDto,
  TrashPageDto,
} from './live-folders.schema.dto.js';

/** Directories on the disk of this node, mirrored both ways. All of it takes the scope `admin`. */
@ApiTags('live-folders')
@Controller(routes.liveFolders)
export class LiveFoldersController {
  constructor(private readonly folders: LiveFolders) {}

  @Get()
  @ApiOperation({ operationId: 'listLiveFolders', summary: 'All live folders of this node, with how they stand' })
  @Problems('forbidden')
  @ApiOkResponse({ type: LiveFolderListDto })
  async list(@Query() _query: NoQuery): Promise<LiveFolderList> {
    return { items: await this.folders.list() };
  }

  @Post()
  @ApiOperation({
    operationId: 'bindLiveFolder',
    summary: 'Bind a directory of this node to a folder of the network',
    description: 'Files on both sides meet: equal bytes are adopted, and no file is lost by it.',
  })
  @Problems('folder-root-refused', 'folder-bound', 'folder-overlap', 'invalid-path', 'read-only-member', 'disk-failed')
  @ApiCreatedResponse({ type: LiveFolderDto })
  bind(@Query() _query: NoQuery, @Body() body: BindBody): Promise<LiveFolderInfo> {
    return this.folders.bind(body);
  }

  @Get('roots')
  @ApiOperation({ operationId: 'listLiveFolderRoots', summary: 'Directories in which a folder may be bound' })
  @Problems('forbidden', 'folder-root-refused', 'folder-overlap', 'disk-failed')
  @ApiOkResponse({ type: RootsDto })
  roots(@Query() { path }: RootsQuery): Promise<LiveFolderRoots> {
    return this.folders.roots(path);
  }

  @Post('pause')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'pauseLiveFolders',
    summary: 'Pause all live folders for a time, or let those go on that pause for a time',
    description: 'Folders that were paused without an end stay so.',
  })
  @Problems('forbidden')
  @ApiOkResponse({ type: LiveFolderListDto })
  async pause(@Query() _query: NoQuery, @Body() { seconds }: PauseBody): Promise<LiveFolderList> {
    return { items: await this.folders.pause(seconds) };
  }

  @Post('estimate')
  @HttpCode(200)
  @ApiOperation({ operationId: 'estimateLiveFolder', summary: 'Estimate of a binding; nothing is changed' })
  @Problems('folder-root-refused', 'folder-overlap', 'invalid-path', 'disk-failed')
  @ApiOkResponse({ type: EstimateDto })
  estimate(@Query() _query: NoQuery, @Body() body: EstimateBody): Promise<LiveFolderEstimate> {
    return this.folders.estimate(body);
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getLiveFolder', summary: 'One live folder' })
  @Problems('forbidden', 'folder-not-found')
  @ApiOkResponse({ type: LiveFolderDto })
  get(@Param() { id }: LiveFolderParams, @Query() _query: NoQuery): Promise<LiveFolderInfo> {
    return this.folders.get(id);
  }

  @Patch(':id')
  @ApiOperation({ operationId: 'patchLiveFolder', summary: 'Change its name, mode or rules; pause it; answer for it' })
  @Problems('folder-not-found', 'folder-overlap')
  @ApiOkResponse({ type: LiveFolderDto })
  patch(@Param() { id }: LiveFolderParams, @Query() _query: NoQuery, @Body() body: PatchBody): Promise<LiveFolderInfo> {
    return this.folders.patch(id, body);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'unbindLiveFolder', summary: 'Remove the binding; no file on either side is touched' })
  @Problems('folder-not-found')
  @ApiNoContentResponse()
  remove(@Param() { id }: LiveFolderParams, @Query() _query: NoQuery): Promise<void> {
    return this.folders.remove(id);
  }

  @Post(':id/scan')
  @HttpCode(202)
  @ApiOperation({ operationId: 'scanLiveFolder', summary: 'Look at all of it, soon' })
  @Problems('folder-not-found')
  @ApiAcceptedResponse({ type: LiveFolderDto })
  scan(@Param() { id }: LiveFolderParams, @Query() _query: NoQuery): Promise<LiveFolderInfo> {
    this.folders.scan(id);
    return this.folders.get(id);
  }

  @Post(':id/relink')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'relinkLiveFolder',
    summary: 'The directory as it is found now is the folder: both sides meet anew',
  })
  @Problems('folder-not-found', 'folder-bound', 'disk-failed')
  @ApiOkResponse({ type: LiveFolderDto })
  relink(@Param() { id }: LiveFolderParams, @Query() _query: NoQuery): Promise<LiveFolderInfo> {
    return this.folders.relink(id);
  }

  @Post(':id/revert')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'revertLiveFolder',
    summary: 'These paths as the network shows them; what stands on the disk goes to the trash',
  })
  @Problems('folder-not-found', 'invalid-path')
  @ApiAcceptedResponse({ type: SettledDto })
  revert(
    @Param() { id }: LiveFolderParams,
    @Query() _query: NoQuery,
    @Body() { paths }: SettleBody,
  ): LiveFolderSettled {
    return this.folders.revert(id, paths);
  }

  @Post(':id/override')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'overrideLiveFolder',
    summary: 'These paths as the disk has them, in place of what others have written',
  })
  @Problems('folder-not-found', 'invalid-path', 'forbidden')
  @ApiAcceptedResponse({ type: SettledDto })
  override(
    @Param() { id }: LiveFolderParams,
    @Query() _query: NoQuery,
    @Body() { paths }: SettleBody,
  ): LiveFolderSettled {
    return this.folders.override(id, paths);
  }

  @Get(':id/held')
  @ApiOperation({ operationId: 'listHeldDeletions', summary: 'Deletions on the disk that wait for an answer' })
  @Problems('forbidden', 'folder-not-found')
  @ApiOkResponse({ type: HoldListDto })
  async held(@Param() { id }: LiveFolderParams, @Query() _query: NoQuery): Promise<LiveFolderHoldList> {
    return { items: await this.folders.held(id) };
  }

  @Post(':id/held/:hold')
  @HttpCode(200)
  @ApiOperation({ operationId: 'answerHeldDeletions', summary: 'Delete exactly these, or put them back on the disk' })
  @Problems('folder-not-found', 'not-found')
  @ApiOkResponse({ type: SettledDto })
  answer(
    @Param() { id, hold }: HoldParams,
    @Query() _query: NoQuery,
    @Body() body: AnswerHoldBody,
  ): Promise<LiveFolderSettled> {
    return this.folders.answerHold(id, hold, body);
  }

  @Get(':id/issues')
  @ApiOperation({ operationId: 'listLiveFolderIssues', summary: 'Issues for a person, by path' })
  @Problems('forbidden', 'folder-not-found')
  @ApiOkResponse({ type: IssuePageDto })
  async issues(@Param() { id }: LiveFolderParams, @Query() { limit, cursor }: PageQuery): Promise<LiveFolderIssuePage> {
    const items = await this.folders.issues(id, { limit, ...(cursor !== undefined && { after: cursor }) });
    return { items, nextCursor: items.length < limit ? null : (items.at(-1)?.path ?? null) };
  }

  @Get(':id/trash')
  @ApiOperation({
    operationId: 'listLiveFolderTrash',
    summary: 'Files that the node replaced or removed in the folder',
  })
  @Problems('forbidden', 'folder-not-found', 'disk-failed')
  @ApiOkResponse({ type: TrashPageDto })
  trash(@Param() { id }: LiveFolderParams, @Query() { limit, cursor }: PageQuery): Promise<LiveFolderTrashPage> {
    return this.folders.trash(id, { limit, ...(cursor !== undefined && { cursor }) });
  }

  @Post(':id/trash')
  @HttpCode(200)
  @ApiOperation({ operationId: 'restoreFromTrash', summary: 'Bring a file back from the trash, over no other' })
  @Problems('folder-not-found', 'not-found', 'path-exists', 'invalid-path', 'disk-failed')
  @ApiOkResponse({ type: RestoredDto })
  restore(
    @Param() { id: folder }: LiveFolderParams,
    @Query() _query: NoQuery,
    @Body() { id, path }: RestoreFromTrashBody,
  ): Promise<RestoredFromTrash> {
    return this.folders.restoreTrash(folder, id, path);
  }

  @Delete(':id/trash')
  @HttpCode(200)
  @ApiOperation({ operationId: 'emptyLiveFolderTrash', summary: 'Remove files from the trash for good' })
  @Problems('folder-not-found', 'disk-failed')
  @ApiOkResponse({ type: LiveFolderCountDto, description: 'Files and bytes that were removed.' })
  empty(@Param() { id }: LiveFolderParams, @Query() { entry }: EmptyTrashQuery): Promise<LiveFolderCount> {
    return this.folders.emptyTrash(id, entry === undefined ? 'all' : { ids: [entry] });
  }
}
