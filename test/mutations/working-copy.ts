import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { occurrences, type Protection } from './protection.ts';

/** The package whose own files are changed: it must not be the original. */
const CHANGED_PACKAGE = 'kafkajs';
const JARS = 'infra/embedded/kafka/lib';

/**
 * A copy of the repository in which a protection can be switched off. Packages and Kafka's jars are links to the
 * original's, but for kafkajs, which is copied. Whatever tests write to the directory of temporary files is in it.
 */
export class WorkingCopy {
  readonly root: string;

  constructor(original: string) {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-mutations-')));
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: original,
      encoding: 'utf8',
    });
    for (const path of listed.split('\0')) {
      // A link to packages is no file of the repository's; a deleted file is still listed until it is committed.
      if (path === '' || path === 'node_modules' || !existsSync(join(original, path))) continue;
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      cpSync(join(original, path), join(this.root, path));
    }
    const packages = realpathSync(join(original, 'node_modules'));
    mkdirSync(join(this.root, 'node_modules'));
    for (const name of readdirSync(packages)) {
      const target = join(this.root, 'node_modules', name);
      if (name === CHANGED_PACKAGE) cpSync(join(packages, name), target, { recursive: true });
      else symlinkSync(join(packages, name), target);
    }
    if (existsSync(join(original, JARS)))
      symlinkSync(realpathSync(join(original, JARS)), join(this.root, JARS));
    mkdirSync(this.temporary);
  }

  get temporary(): string {
    return join(this.root, 'tmp');
  }

  /** Does something while a protection is switched off. */
  async without<T>({ name, file, find, replace }: Protection, work: () => Promise<T>): Promise<T> {
    const path = join(this.root, file);
    const text = readFileSync(path, 'utf8');
    const found = occurrences(text, find);
    if (found !== 1)
      throw new Error(`Cannot switch "${name}" off: its text occurs ${found} times in ${file}`);
    writeFileSync(
      path,
      text.replace(find, () => replace),
    );
    try {
      return await work();
    } finally {
      writeFileSync(path, text);
    }
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}
