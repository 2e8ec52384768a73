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

/** Where programs find the S3 front. @param base of the node, with its `/` at the end */
export function s3Address(base: string): string {
  return `${base}s3`;
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
      samples: [
        {
          name: names.mount,
          text: `mkdir -p ~/DFS && mount_webdav -i '${address}' ~/DFS`,
        },
      ],
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

/** Ways to use the S3 front of this node. The key is never in them: they read its two parts from the environment. */
export function s3Guides(base: string): readonly Guide[] {
  const address = s3Address(base);
  const text = $localize`The two parts of the key are read from the environment, from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`;
  const warning =
    new URL(base).pathname === '/'
      ? null
      : $localize`Programs sign the path of each request: a proxy must pass it on as it came. A host name of its own for this node suits all programs.`;
  const names = {
    list: $localize`List files`,
    repository: $localize`Make a repository`,
  };
  const guide = (name: string, sample: Sample): Guide => ({
    name,
    warning,
    text,
    samples: [sample],
  });
  return [
    guide('aws-cli', {
      name: names.list,
      text: `aws --endpoint-url '${address}' --region us-east-1 s3 ls s3://dfs/`,
    }),
    guide('rclone', {
      name: names.list,
      text: `rclone config create dfs-s3 s3 provider=Other env_auth=true endpoint='${address}' force_path_style=true
rclone lsf dfs-s3:dfs`,
    }),
    // It takes no path in an address: a node knows what is signed for S3 wherever it stands.
    guide('restic', {
      name: names.repository,
      text: `restic -r 's3:${base}dfs/backups' init`,
    }),
  ];
}
