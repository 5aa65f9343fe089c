import { describe, expect, it } from '@jest/globals';
import { readFlags } from './read-flags.ts';

const flagsOf = (...args: string[]) => {
  const reading = readFlags(args);
  return reading.kind === 'run' ? reading.flags : reading;
};

describe('the flags of Alertmanager (MX-13)', () => {
  it('are read in both of their forms, with their defaults', () => {
    expect(flagsOf()).toEqual({
      configFile: 'alertmanager.yml',
      storagePath: 'data/',
      listen: [{ host: '', port: 9093 }],
      externalUrl: null,
      routePrefix: '',
      clusterAddress: '0.0.0.0:9094',
      logLevel: 'info',
      ignored: [],
    });
    expect(
      flagsOf(
        '--config.file',
        '/tmp/c.yml',
        '--web.listen-address=127.0.0.1:0',
        '--log.level',
        'debug',
        '--cluster.listen-address=',
      ),
    ).toMatchObject({
      configFile: '/tmp/c.yml',
      listen: [{ host: '127.0.0.1', port: 0 }],
      logLevel: 'debug',
      clusterAddress: null,
    });
  });

  it('may name several addresses, and a prefix by itself or by the address outside', () => {
    expect(flagsOf('--web.listen-address', '[::1]:1', '--web.listen-address', ':2')).toMatchObject({
      listen: [
        { host: '::1', port: 1 },
        { host: '', port: 2 },
      ],
    });
    expect(flagsOf('--web.external-url', 'http://example.org/am/')).toMatchObject({
      externalUrl: 'http://example.org/am',
      routePrefix: '/am',
    });
    expect(flagsOf('--web.external-url=http://example.org/am', '--web.route-prefix=/')).toMatchObject({
      routePrefix: '',
    });
  });

  it('are taken and named where they have no meaning here', () => {
    expect(
      flagsOf('--cluster.peer', 'a:1', '--cluster.settle-timeout=0s', '--data.retention', '1h', '--web.systemd-socket'),
    ).toMatchObject({ ignored: ['cluster.peer', 'cluster.settle-timeout', 'data.retention', 'web.systemd-socket'] });
  });

  it('are refused where they cannot be meant', () => {
    expect(flagsOf('--foo', 'x')).toEqual({ kind: 'refused', reason: "unknown long flag '--foo', try --help" });
    expect(flagsOf('--config.file')).toEqual({ kind: 'refused', reason: "expected argument for flag '--config.file'" });
    expect(flagsOf('x')).toMatchObject({ kind: 'refused' });
    expect(flagsOf('--log.level', 'loud')).toMatchObject({ kind: 'refused' });
    expect(flagsOf('--web.listen-address', 'nowhere')).toMatchObject({ kind: 'refused' });
    expect(flagsOf('--help')).toEqual({ kind: 'help' });
    expect(flagsOf('--version')).toEqual({ kind: 'version' });
  });
});
