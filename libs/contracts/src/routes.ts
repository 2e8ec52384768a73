/** Everything of the REST API lives under this prefix. */
export const API_PREFIX = '/api/v1';
/** Below it each code of a problem has a page: `type` of a problem is the address of its page. */
export const PROBLEMS_PATH = '/api/problems';
/** Socket.IO namespace of the event stream. */
export const EVENTS_NAMESPACE = '/events';
/** Cookie-authenticated writes carry this header, which no cross-site form can send. */
export const CSRF_HEADER = 'x-dfs-request';

/** Pages of the console, by the first part of their address: `/` leads to the first of them. */
export const CONSOLE_PAGES = ['files', 'folders', 'peers', 'work', 'activity', 'settings'] as const;

/** Paths of the API, as the client calls them. */
export const routes = {
  node: `${API_PREFIX}/node`,
  nodeClock: `${API_PREFIX}/node/clock`,
  session: `${API_PREFIX}/session`,
  sessions: `${API_PREFIX}/sessions`,
  sessionById: (id: string) => `${API_PREFIX}/sessions/${encodeURIComponent(id)}`,
  keys: `${API_PREFIX}/keys`,
  key: (id: string) => `${API_PREFIX}/keys/${encodeURIComponent(id)}`,
  keysRotate: `${API_PREFIX}/keys/rotate`,
  files: `${API_PREFIX}/files`,
  filesContent: `${API_PREFIX}/files/content`,
  filesBatch: `${API_PREFIX}/files/batch`,
  filesArchive: `${API_PREFIX}/files/archive`,
  archives: `${API_PREFIX}/archives`,
  archive: (id: string) => `${API_PREFIX}/archives/${encodeURIComponent(id)}`,
  filesLookup: `${API_PREFIX}/files/lookup`,
  file: (id: string) => `${API_PREFIX}/files/${encodeURIComponent(id)}`,
  fileContent: (id: string) => `${API_PREFIX}/files/${encodeURIComponent(id)}/content`,
  fileVersions: (id: string) => `${API_PREFIX}/files/${encodeURIComponent(id)}/versions`,
  fileRestore: (id: string) => `${API_PREFIX}/files/${encodeURIComponent(id)}/restore`,
  fileMove: (id: string) => `${API_PREFIX}/files/${encodeURIComponent(id)}/move`,
  fileCopy: (id: string) => `${API_PREFIX}/files/${encodeURIComponent(id)}/copy`,
  fileChoose: (id: string) => `${API_PREFIX}/files/${encodeURIComponent(id)}/choose`,
  fileChunks: (id: string) => `${API_PREFIX}/files/${encodeURIComponent(id)}/chunks`,
  fileHolders: (id: string) => `${API_PREFIX}/files/${encodeURIComponent(id)}/holders`,
  fileVerify: (id: string) => `${API_PREFIX}/files/${encodeURIComponent(id)}/verify`,
  fileRepair: (id: string) => `${API_PREFIX}/files/${encodeURIComponent(id)}/repair`,
  fileKeep: (id: string) => `${API_PREFIX}/files/${encodeURIComponent(id)}/keep`,
  fileFree: (id: string) => `${API_PREFIX}/files/${encodeURIComponent(id)}/free`,
  fileThumbnail: (id: string) => `${API_PREFIX}/files/${encodeURIComponent(id)}/thumbnail`,
  summary: `${API_PREFIX}/summary`,
  uploads: `${API_PREFIX}/uploads`,
  upload: (id: string) => `${API_PREFIX}/uploads/${encodeURIComponent(id)}`,
  uploadFinish: (id: string) => `${API_PREFIX}/uploads/${encodeURIComponent(id)}/finish`,
  folders: `${API_PREFIX}/folders`,
  voidVersions: `${API_PREFIX}/void-versions`,
  voidVersionAdopt: (version: string) => `${API_PREFIX}/void-versions/${encodeURIComponent(version)}/adopt`,
  foundContents: `${API_PREFIX}/found-contents`,
  foundContent: (id: string) => `${API_PREFIX}/found-contents/${encodeURIComponent(id)}`,
  foundContentAdopt: (id: string) => `${API_PREFIX}/found-contents/${encodeURIComponent(id)}/adopt`,
  liveFolders: `${API_PREFIX}/live-folders`,
  liveFolderRoots: `${API_PREFIX}/live-folders/roots`,
  liveFolderPause: `${API_PREFIX}/live-folders/pause`,
  liveFolderEstimate: `${API_PREFIX}/live-folders/estimate`,
  liveFolder: (id: string) => `${API_PREFIX}/live-folders/${encodeURIComponent(id)}`,
  liveFolderScan: (id: string) => `${API_PREFIX}/live-folders/${encodeURIComponent(id)}/scan`,
  liveFolderRelink: (id: string) => `${API_PREFIX}/live-folders/${encodeURIComponent(id)}/relink`,
  liveFolderRevert: (id: string) => `${API_PREFIX}/live-folders/${encodeURIComponent(id)}/revert`,
  liveFolderOverride: (id: string) => `${API_PREFIX}/live-folders/${encodeURIComponent(id)}/override`,
  liveFolderHeld: (id: string) => `${API_PREFIX}/live-folders/${encodeURIComponent(id)}/held`,
  liveFolderHold: (id: string, hold: string) =>
    `${API_PREFIX}/live-folders/${encodeURIComponent(id)}/held/${encodeURIComponent(hold)}`,
  liveFolderIssues: (id: string) => `${API_PREFIX}/live-folders/${encodeURIComponent(id)}/issues`,
  liveFolderTrash: (id: string) => `${API_PREFIX}/live-folders/${encodeURIComponent(id)}/trash`,
  peers: `${API_PREFIX}/peers`,
  peer: (id: string) => `${API_PREFIX}/peers/${encodeURIComponent(id)}`,
  invites: `${API_PREFIX}/network/invites`,
  join: `${API_PREFIX}/network/join`,
  dht: `${API_PREFIX}/dht`,
  dhtProviders: (contentId: string) => `${API_PREFIX}/dht/providers/${encodeURIComponent(contentId)}`,
  transfers: `${API_PREFIX}/transfers`,
  transfer: (id: string) => `${API_PREFIX}/transfers/${encodeURIComponent(id)}`,
  events: `${API_PREFIX}/events`,
  eventsStream: `${API_PREFIX}/events/stream`,
  settings: `${API_PREFIX}/settings`,
} as const;
