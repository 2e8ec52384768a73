import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as contracts from '@dfs/contracts';
import type * as document from '@dfs/client';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * The types that are generated from the API document against those in `contracts`, which engine and console compile with: field
 * by field the same. The compiler is the test; a difference is an error of types in this file.
 */
type Same<A, B> = (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false;
/** Without `readonly` and without names of types between. */
type Plain<T> = T extends readonly (infer U)[]
  ? Plain<U>[]
  : T extends object
    ? { -readonly [K in keyof T]: Plain<T[K]> }
    : T;
type DataOf<E extends { type: string; data: unknown }> = { [T in E['type']]: Extract<E, { type: T }>['data'] };

/** Of each name that both have. */
interface Pairs {
  /** The data of each event. Of `seq` the document says more: which events have none. */
  AnyEvent: [contracts.EventMap, DataOf<document.AnyEvent>];
  EventPage: [Omit<contracts.EventPage, 'items'>, Omit<document.EventPage, 'items'>];
  BatchItem: [contracts.BatchItem, document.BatchItem];
  BatchRequest: [contracts.BatchRequest, document.BatchRequest];
  BatchResult: [contracts.BatchResult, document.BatchResult];
  BatchResults: [contracts.BatchResults, document.BatchResults];
  ChooseRequest: [contracts.ChooseRequest, document.ChooseRequest];
  ChunkInfo: [contracts.ChunkInfo, document.ChunkInfo];
  ChunkList: [contracts.ChunkList, document.ChunkList];
  ClockRequest: [contracts.ClockRequest, document.ClockRequest];
  ConnectRequest: [contracts.ConnectRequest, document.ConnectRequest];
  CopyRequest: [contracts.CopyRequest, document.CopyRequest];
  DhtInfo: [contracts.DhtInfo, document.DhtInfo];
  ErrorCode: [contracts.ErrorCode, document.ErrorCode];
  FieldProblem: [contracts.FieldProblem, document.FieldProblem];
  FileBatch: [contracts.FileBatch, document.FileBatch];
  FileEventItem: [contracts.FileEventItem, document.FileEventItem];
  FileFilter: [contracts.FileFilter, document.FileFilter];
  FileInfo: [contracts.FileInfo, document.FileInfo];
  FileList: [contracts.FileList, document.FileList];
  FinishUploadRequest: [contracts.FinishUploadRequest, document.FinishUploadRequest];
  FolderAct: [contracts.FolderAct, document.FolderAct];
  FolderInfo: [contracts.FolderInfo, document.FolderInfo];
  FolderMoveRequest: [contracts.FolderMoveRequest, document.FolderMoveRequest];
  FolderRestoreRequest: [contracts.FolderRestoreRequest, document.FolderRestoreRequest];
  FolderHeldData: [contracts.FolderHeldData, document.FolderHeldData];
  FolderIssueData: [contracts.FolderIssueData, document.FolderIssueData];
  FolderStateData: [contracts.FolderStateData, document.FolderStateData];
  LiveFolderIssue: [contracts.LiveFolderIssue, document.LiveFolderIssue];
  FormFault: [contracts.FormFault, document.FormFault];
  FoundContentInfo: [contracts.FoundContentInfo, document.FoundContentInfo];
  FoundContentList: [contracts.FoundContentList, document.FoundContentList];
  Health: [contracts.Health, document.Health];
  HolderList: [contracts.HolderList, document.HolderList];
  InviteInfo: [contracts.InviteInfo, document.InviteInfo];
  InviteRequest: [contracts.InviteRequest, document.InviteRequest];
  JoinRequest: [contracts.JoinRequest, document.JoinRequest];
  KeyInfo: [contracts.KeyInfo, document.KeyInfo];
  KeyList: [contracts.KeyList, document.KeyList];
  KeyRequest: [contracts.KeyRequest, document.KeyRequest];
  LookupRequest: [contracts.LookupRequest, document.LookupRequest];
  LookupResult: [contracts.LookupResult, document.LookupResult];
  LookupResults: [contracts.LookupResults, document.LookupResults];
  MadeKey: [contracts.MadeKey, document.MadeKey];
  MoveRequest: [contracts.MoveRequest, document.MoveRequest];
  MovedFile: [contracts.MovedFile, document.MovedFile];
  NetworkInfo: [contracts.NetworkInfo, document.NetworkInfo];
  NodeInfo: [contracts.NodeInfo, document.NodeInfo];
  OwnerRequest: [contracts.OwnerRequest, document.OwnerRequest];
  OwnerVotes: [contracts.OwnerVotes, document.OwnerVotes];
  PeerEvent: [contracts.PeerEvent, document.PeerEvent];
  PeerInfo: [contracts.PeerInfo, document.PeerInfo];
  PeerList: [contracts.PeerList, document.PeerList];
  Problem: [contracts.Problem, document.Problem];
  ProviderList: [contracts.ProviderList, document.ProviderList];
  PurgeInfo: [contracts.PurgeInfo, document.PurgeInfo];
  Reach: [contracts.Reach, document.Reach];
  ReleasedVersions: [contracts.ReleasedVersions, document.ReleasedVersions];
  Replication: [contracts.Replication, document.Replication];
  ReplicationState: [contracts.ReplicationState, document.ReplicationState];
  RestoreRequest: [contracts.RestoreRequest, document.RestoreRequest];
  ReturnTicketInfo: [contracts.ReturnTicketInfo, document.ReturnTicketInfo];
  ReturnTicketRequest: [contracts.ReturnTicketRequest, document.ReturnTicketRequest];
  RotatedKeys: [contracts.RotatedKeys, document.RotatedKeys];
  ScheduledLimits: [contracts.ScheduledLimits, document.ScheduledLimits];
  SessionInfo: [contracts.SessionInfo, document.SessionInfo];
  SessionList: [contracts.SessionList, document.SessionList];
  SessionRequest: [contracts.SessionRequest, document.SessionRequest];
  Settings: [contracts.Settings, document.Settings];
  SettingsPatch: [contracts.SettingsPatch, document.SettingsPatch];
  SkippedPath: [contracts.SkippedPath, document.SkippedPath];
  StorageInfo: [contracts.StorageInfo, document.StorageInfo];
  FileSum: [contracts.FileSum, document.FileSum];
  Summary: [contracts.Summary, document.Summary];
  SummaryProblem: [contracts.SummaryProblem, document.SummaryProblem];
  SummaryStorage: [contracts.SummaryStorage, document.SummaryStorage];
  TransferInfo: [contracts.TransferInfo, document.TransferInfo];
  TransferLimits: [contracts.TransferLimits, document.TransferLimits];
  TransferList: [contracts.TransferList, document.TransferList];
  UploadInfo: [contracts.UploadInfo, document.UploadInfo];
  UploadResult: [contracts.UploadResult, document.UploadResult];
  UploadResults: [contracts.UploadResults, document.UploadResults];
  VerifyResult: [contracts.VerifyResult, document.VerifyResult];
  VersionInfo: [contracts.VersionInfo, document.VersionInfo];
  VersionList: [contracts.VersionList, document.VersionList];
  VoidVersionInfo: [contracts.VoidVersionInfo, document.VoidVersionInfo];
  VoidVersionList: [contracts.VoidVersionList, document.VoidVersionList];
  WarningEvent: [contracts.WarningEvent, document.WarningEvent];
  WorstState: [contracts.WorstState, document.WorstState];
  WriteConditions: [contracts.WriteConditions, document.WriteConditions];
  ArchiveInfo: [contracts.ArchiveInfo, document.ArchiveInfo];
  ArchiveRequest: [contracts.ArchiveRequest, document.ArchiveRequest];
  AnswerHold: [contracts.AnswerHold, document.AnswerHold];
  BindLiveFolder: [contracts.BindLiveFolder, document.BindLiveFolder];
  EstimateLiveFolder: [contracts.EstimateLiveFolder, document.EstimateLiveFolder];
  LiveFolderCount: [contracts.LiveFolderCount, document.LiveFolderCount];
  LiveFolderEstimate: [contracts.LiveFolderEstimate, document.LiveFolderEstimate];
  LiveFolderHold: [contracts.LiveFolderHold, document.LiveFolderHold];
  LiveFolderHoldList: [contracts.LiveFolderHoldList, document.LiveFolderHoldList];
  LiveFolderInfo: [contracts.LiveFolderInfo, document.LiveFolderInfo];
  LiveFolderIssueKind: [contracts.LiveFolderIssueKind, document.LiveFolderIssueKind];
  LiveFolderIssuePage: [contracts.LiveFolderIssuePage, document.LiveFolderIssuePage];
  LiveFolderList: [contracts.LiveFolderList, document.LiveFolderList];
  LiveFolderMode: [contracts.LiveFolderMode, document.LiveFolderMode];
  LiveFolderRoots: [contracts.LiveFolderRoots, document.LiveFolderRoots];
  LiveFolderSettled: [contracts.LiveFolderSettled, document.LiveFolderSettled];
  LiveFolderState: [contracts.LiveFolderState, document.LiveFolderState];
  LiveFolderTrashEntry: [contracts.LiveFolderTrashEntry, document.LiveFolderTrashEntry];
  LiveFolderTrashPage: [contracts.LiveFolderTrashPage, document.LiveFolderTrashPage];
  PauseLiveFolders: [contracts.PauseLiveFolders, document.PauseLiveFolders];
  PatchLiveFolder: [contracts.PatchLiveFolder, document.PatchLiveFolder];
  RestoreFromTrash: [contracts.RestoreFromTrash, document.RestoreFromTrash];
  RestoredFromTrash: [contracts.RestoredFromTrash, document.RestoredFromTrash];
  SettleLiveFolder: [contracts.SettleLiveFolder, document.SettleLiveFolder];
}

/** An error stands here at each name whose types differ. */
const SAME: { [K in keyof Pairs]: Same<Pairs[K][0], Pairs[K][1]> } = {
  AnyEvent: true,
  EventPage: true,
  BatchItem: true,
  BatchRequest: true,
  BatchResult: true,
  BatchResults: true,
  ChooseRequest: true,
  ChunkInfo: true,
  ChunkList: true,
  ClockRequest: true,
  ConnectRequest: true,
  CopyRequest: true,
  DhtInfo: true,
  ErrorCode: true,
  FieldProblem: true,
  FileBatch: true,
  FileEventItem: true,
  FileFilter: true,
  FileInfo: true,
  FileList: true,
  FinishUploadRequest: true,
  FolderAct: true,
  FolderInfo: true,
  FolderMoveRequest: true,
  FolderRestoreRequest: true,
  FolderHeldData: true,
  FolderIssueData: true,
  FolderStateData: true,
  LiveFolderIssue: true,
  FormFault: true,
  FoundContentInfo: true,
  FoundContentList: true,
  Health: true,
  HolderList: true,
  InviteInfo: true,
  InviteRequest: true,
  JoinRequest: true,
  KeyInfo: true,
  KeyList: true,
  KeyRequest: true,
  LookupRequest: true,
  LookupResult: true,
  LookupResults: true,
  MadeKey: true,
  MoveRequest: true,
  MovedFile: true,
  NetworkInfo: true,
  NodeInfo: true,
  OwnerRequest: true,
  OwnerVotes: true,
  PeerEvent: true,
  PeerInfo: true,
  PeerList: true,
  Problem: true,
  ProviderList: true,
  PurgeInfo: true,
  ReleasedVersions: true,
  Reach: true,
  Replication: true,
  ReplicationState: true,
  RestoreRequest: true,
  ReturnTicketInfo: true,
  ReturnTicketRequest: true,
  RotatedKeys: true,
  ScheduledLimits: true,
  SessionInfo: true,
  SessionList: true,
  SessionRequest: true,
  Settings: true,
  SettingsPatch: true,
  SkippedPath: true,
  StorageInfo: true,
  FileSum: true,
  Summary: true,
  SummaryProblem: true,
  SummaryStorage: true,
  TransferInfo: true,
  TransferLimits: true,
  TransferList: true,
  UploadInfo: true,
  UploadResult: true,
  UploadResults: true,
  VerifyResult: true,
  VersionInfo: true,
  VersionList: true,
  VoidVersionInfo: true,
  VoidVersionList: true,
  WarningEvent: true,
  WorstState: true,
  WriteConditions: true,
  ArchiveInfo: true,
  ArchiveRequest: true,
  AnswerHold: true,
  BindLiveFolder: true,
  EstimateLiveFolder: true,
  LiveFolderCount: true,
  LiveFolderEstimate: true,
  LiveFolderHold: true,
  LiveFolderHoldList: true,
  LiveFolderInfo: true,
  LiveFolderIssueKind: true,
  LiveFolderIssuePage: true,
  LiveFolderList: true,
  LiveFolderMode: true,
  LiveFolderRoots: true,
  LiveFolderSettled: true,
  LiveFolderState: true,
  LiveFolderTrashEntry: true,
  LiveFolderTrashPage: true,
  PauseLiveFolders: true,
  PatchLiveFolder: true,
  RestoreFromTrash: true,
  RestoredFromTrash: true,
  SettleLiveFolder: true,
};

describe('the types of the API document', () => {
  it('are those of the contract, for every name that both have', () => {
    const text = globSync('libs/contracts/src/**/*.ts', { cwd: ROOT })
      .map((path) => readFileSync(join(ROOT, path), 'utf8'))
      .join('\n');
    const inContracts = new Set([...text.matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name]) => name));
    const { components } = JSON.parse(readFileSync(join(ROOT, 'apps/dfs-engine/openapi.json'), 'utf8')) as {
      components: { schemas: object };
    };
    const shared = Object.keys(components.schemas).filter((name) => inContracts.has(name));
    expect(Object.keys(SAME).sort()).toEqual(shared.sort());
  });
});
