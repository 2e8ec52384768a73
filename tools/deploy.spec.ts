import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const has = (program: string): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;

describe('deploy/', () => {
  it('has alerts that say what to do', () => {
    interface Rule {
      alert: string;
      expr: string;
      annotations: { summary: string; description: string };
    }
    const { groups } = parse(read('deploy/prometheus/dfs.rules.yml')) as { groups: { rules: Rule[] }[] };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(4);
    for (const { annotations } of rules)
      expect(Object.values(annotations).every((text) => text.endsWith('.'))).toBe(true);
  });

  (has('promtool') ? it : it.skip)('has alerts that Prometheus takes', () => {
    const rules = join(root, 'deploy/prometheus/dfs.rules.yml');
    const { status, stdout } = spawnSync('promtool', ['check', 'rules', rules], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, expect.stringMatching(/SUCCESS: \d+ rules found/)]);
  });

  (has('hadolint') ? it : it.skip)('has a Dockerfile that hadolint takes', () => {
    const { status, stdout } = spawnSync('hadolint', [join(root, 'deploy/Dockerfile')], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, '']);
  });

  it('composes services of one image, whose volumes there are', () => {
    interface Compose {
      services: Record<string, { image?: string; volumes?: string[]; depends_on?: Record<string, unknown> }>;
      volumes: Record<string, unknown>;
    }
    const { services, volumes } = parse(read('deploy/compose.yaml'), { merge: true }) as Compose;
    expect(Object.keys(services).sort()).toEqual(['a', 'b', 'c', 'tickets']);
    for (const service of Object.values(services)) {
      expect(service.image).toBe('dfs');
      for (const volume of service.volumes ?? []) expect(Object.keys(volumes)).toContain(volume.split(':')[0]);
      for (const other of Object.keys(service.depends_on ?? {})) expect(services).toHaveProperty(other);
    }
  });

  (has('systemd-analyze') ? it : it.skip)('has a unit that systemd takes', () => {
    const dir = mkdtempSync(join(tmpdir(), 'dfs-unit-'));
    try {
      const unit = join(dir, 'dfs.service');
      writeFileSync(unit, read('deploy/dfs.service'));
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], {
        encoding: 'utf8',
      });
      const about = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('dfs.service'));
      expect([status, about]).toEqual([0, []]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  (has('nginx') ? it : it.skip)('and README has a location that nginx takes', () => {
    const dir = mkdtempSync(join(tmpdir(), 'dfs-nginx-'));
    try {
      const [, location = ''] = /^```nginx\n(.*?)^```$/ms.exec(read('README.md')) ?? [];
      expect(location).toContain('/dfs/');
      const config = join(dir, 'nginx.conf');
      writeFileSync(
        config,
        `pid ${dir}/pid;\nerror_log stderr;\nevents {}\nhttp { server { listen 8080;\n${location}\n} }\n`,
      );
      const { status, stderr } = spawnSync('nginx', ['-t', '-p', dir, '-c', config], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, expect.stringContaining('test is successful')]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  (has('nginx') ? it : it.skip)('has a site that nginx takes', () => {
    const dir = mkdtempSync(join(tmpdir(), 'dfs-nginx-'));
    try {
      const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')];
      const subject = ['-subj', '/CN=files.example.org', '-days', '2'];
      spawnSync('openssl', [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        key,
        '-out',
        certificate,
        ...subject,
      ]);
      const site = read('deploy/proxy/nginx.conf')
        .replace('/etc/ssl/certs/files.example.org.pem', certificate)
        .replace('/etc/ssl/private/files.example.org.key', key);
      const config = join(dir, 'nginx.conf');
      writeFileSync(config, `pid ${dir}/pid;\nerror_log stderr;\nevents {}\nhttp {\n${site}\n}\n`);
      const { status, stderr } = spawnSync('nginx', ['-t', '-p', dir, '-c', config], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, expect.stringContaining('test is successful')]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
