import type { Sample } from './samples.js';

/** How one system or program comes to the files: what a person does there, and commands to take over. */
export interface Guide {
  name: string;
  /** Why it does not work as this node is reached now. */
  warning: string | null;
  text: string;
  samples: readonly Sample[];
}

/** The user name of samples: any would do. */
const USER = 'dfs';

/** Where programs find the WebDAV front. @param base of the node, with its `/` at the end */
export function webdavAddress(base: string): string {
  return `${base}dav/`;
}

/** Ways to use the WebDAV front of this node. The key is never in them: they ask for it, or read it from the environment, from `DFS_KEY`. */
export function webdavGuides(base: string): readonly Guide[] {
  const address = webdavAddress(base);
  const { protocol } = new URL(base);
  const isSecure = protocol === 'https:';
  const withScheme = (name: string) => `${name}${isSecure ? 's' : ''}${address.slice(protocol.length - 1)}`;
  const names = { mount: $localize`Mount it`, list: $localize`List files` };
  return [
    {
      name: 'Windows',
      warning: isSecure
        ? null
        : $localize`Windows sends no password over plain HTTP: give this node a certificate, or put a proxy with HTTPS in front of it.`,
      text: $localize`In Explorer: This PC, Map network drive, then this address. Or at a prompt:`,
      samples: [{ name: names.mount, text: `net use Z: "${address}" /user:${USER} *` }],
    },
    {
      name: 'macOS',
      warning: null,
      text: $localize`In Finder: Go, Connect to Server, then this address. Or in a terminal:`,
      samples: [{ name: names.mount, text: `mkdir -p ~/DFS && mount_webdav -i '${address}' ~/DFS` }],
    },
    {
      name: 'Linux',
      warning: null,
      text: $localize`In the file manager of GNOME: ${withScheme('dav')}:gnome:, in that of KDE: ${withScheme('webdav')}:kde:. Or with davfs2:`,
      samples: [
        {
          name: names.mount,
          text: `sudo mkdir -p /mnt/dfs && sudo mount -t davfs -o "uid=$(id -u)" '${address}' /mnt/dfs`,
        },
      ],
    },
    {
      name: 'rclone',
      warning: null,
      text: $localize`The key is read from the environment, from DFS_KEY.`,
      samples: [
        {
          name: names.list,
          text: `rclone config create dfs webdav url='${address}' vendor=nextcloud user=${USER} pass="$DFS_KEY" --obscure
rclone lsf dfs:`,
        },
      ],
    },
  ];
}
