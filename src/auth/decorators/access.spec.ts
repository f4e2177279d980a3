import { describe, expect, it } from '@jest/globals';
import { Public, Roles, accessOf, freshnessOf, rolesOf } from './access.js';

class Base {
  read() {}

  @Public()
  open() {}
}

@Public()
class OpenController extends Base {}

@Roles('admin')
class AdminController extends Base {}

class PlainController extends Base {}

describe('The rules of a handler that several controllers inherit', () => {
  it.each([
    [OpenController, 'public', []],
    [AdminController, 'required', ['admin']],
    [PlainController, 'required', []],
  ])('are those of its own controller: %p', (controller, access, roles) => {
    const { read, open } = Base.prototype;
    expect([accessOf(read, controller), rolesOf(read, controller).any]).toEqual([access, roles]);
    expect([accessOf(open, controller), rolesOf(open, controller).any]).toEqual(['public', roles]);
    expect(freshnessOf(read, controller)).toBeNull();
  });
});
