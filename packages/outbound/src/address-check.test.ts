import { describe, expect, it } from '@jest/globals';
import { addressCheck } from './address-check.ts';

const strict = addressCheck();

describe('S8: what can be refused by its text alone', () => {
  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://[fd00:ec2::254]/',
    'http://2852039166/',
    'http://0xa9.0xfe.0xa9.0xfe/',
    'http://[::ffff:169.254.169.254]/',
    'http://metadata.google.internal/computeMetadata/v1',
    'http://METADATA.google.internal./',
    'http://localhost:11434/v1',
    'http://api.localhost/',
    'http://10.0.0.1/v1',
    'https://8.8.8.8:6379/',
  ])('refuses %s', (url) => {
    expect(strict(url)).toBe(false);
  });

  it.each(['https://api.openai.com/v1', 'http://8.8.8.8/v1', 'http://vllm.internal:8000/v1'])(
    'lets %s be asked for, which the connection decides about',
    (url) => {
      expect(strict(url)).toBe(true);
    },
  );

  it('takes what the operator allows', () => {
    expect(addressCheck({ allow: ['127.0.0.0/8'] })('http://localhost:11434/v1')).toBe(true);
    expect(addressCheck({ allow: ['localhost:11434'] })('http://localhost:11434/v1')).toBe(true);
    expect(addressCheck({ allow: ['localhost:11434'] })('http://localhost:11435/v1')).toBe(false);
    expect(addressCheck({ allow: ['10.0.0.0/8'] })('http://169.254.169.254/')).toBe(false);
  });
});
