import { describe, expect, it } from '@jest/globals';
import { covers, rolesToScopes, scopes } from './scope.ts';

describe('scopes (MX-16)', () => {
  it('cover themselves, and writing covers reading, and nothing else', () => {
    expect(covers(['chat:write'], 'chat:write')).toBe(true);
    expect(covers(['chat:write'], 'chat:read')).toBe(true);
    expect(covers(['chat:read'], 'chat:write')).toBe(false);
    expect(covers(['chat:write'], 'keys:read')).toBe(false);
    expect(covers(['admin'], 'keys:write')).toBe(false);
    expect(covers([], 'chat:read')).toBe(false);
  });

  it('are all covered by `*`, and `*` by nothing but itself', () => {
    for (const scope of scopes) expect(covers(['*'], scope)).toBe(true);
    expect(
      covers(
        scopes.filter((scope) => scope !== '*'),
        '*',
      ),
    ).toBe(false);
  });
});

describe('roles (LA-25)', () => {
  it('give only the owner everything, and the viewer nothing that writes', () => {
    expect(rolesToScopes.owner).toEqual(['*']);
    expect(rolesToScopes.admin).not.toContain('*');
    for (const scope of rolesToScopes.viewer) expect(scope).toMatch(/:read$/);
  });

  it('let an operator neither make keys or people nor read the audit log', () => {
    for (const scope of ['keys:write', 'users:write', 'audit:read', 'admin'] as const) {
      expect(covers(rolesToScopes.operator, scope)).toBe(false);
    }
  });
});
