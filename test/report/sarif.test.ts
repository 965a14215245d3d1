import { readFileSync } from 'node:fs';
import ajvDraft4 from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import type { Log } from 'sarif';
import { describe, expect, it } from 'vitest';
import { sarif } from '../../src/report/sarif.ts';
import { findingOf, HOSTILE, listOf, ofEachStatus } from '../kit/findings.ts';

const ajv = new ajvDraft4.default({ strict: false, allErrors: true, unicodeRegExp: false });
addFormats.default(ajv);
const schema = new URL('../vectors/report/sarif-2.1.0.schema.json', import.meta.url);
const validate = ajv.compile(JSON.parse(readFileSync(schema, 'utf8')));

/** Reads a document, which must keep to the schema. */
function read(text: string): Log {
  const log: Log = JSON.parse(text);
  if (!validate(log)) expect.fail(ajv.errorsText(validate.errors));
  return log;
}

const of = (list: Parameters<typeof sarif>[0]): Log => read(sarif(list, { version: '1.2.3' }));

describe('sarif', () => {
  it('has a result for what fails, suppressed where that was expected, and a notification for the rest', () => {
    const [run] = of(ofEachStatus('a.o')).runs;
    expect(run?.tool.driver).toMatchObject({ name: 'bpf-oracle', semanticVersion: '1.2.3' });
    expect(run?.tool.driver.rules?.map(({ id }) => id)).toEqual(['test/rule']);
    const [fail, known, ...more] = run?.results ?? [];
    expect(more).toEqual([]);
    expect(fail).toEqual({
      ruleId: 'test/rule',
      ruleIndex: 0,
      kind: 'fail',
      level: 'error',
      message: { text: 'a.o: a.o\n\na.o\n  a.o' },
      locations: [
        {
          physicalLocation: { artifactLocation: { uri: 'a.o' }, region: { startLine: 3 } },
          logicalLocations: [{ kind: 'function', fullyQualifiedName: 'a.o: insn 7' }],
        },
      ],
      partialFingerprints: { 'bpfOracleBucket/v1': 'a.o', primaryLocationLineHash: 'a.o' },
      codeFlows: [{ threadFlows: [{ locations: [expect.anything()] }] }],
      properties: { case: 'a.o' },
    });
    expect(known?.suppressions).toEqual([{ kind: 'external' }]);
    const [invocation] = run?.invocations ?? [];
    expect(invocation?.executionSuccessful).toBe(false);
    expect(invocation?.toolExecutionNotifications?.map(({ level }) => level)).toEqual([
      'note',
      'note',
      'error',
    ]);
  });

  it.each(HOSTILE)('keeps to the schema with a name with %s', (_what, text) => {
    const [run] = of(ofEachStatus(text)).runs;
    const uri = run?.results?.[0]?.locations?.[0]?.physicalLocation?.artifactLocation?.uri ?? '';
    expect(uri).toMatch(/^[A-Za-z0-9\-._~!'()*%/]+$/);
    expect(decodeURIComponent(uri)).toBe((text === '' ? 'a.o' : text).replace(/\p{Surrogate}/gu, '\ufffd'));
    expect(JSON.stringify(run)).not.toMatch(/\\ud[89a-f]/);
  });

  it('names an absolute path by a file URI', () => {
    const [run] = of(listOf(findingOf('fail', '/tmp/a b.o'))).runs;
    expect(run?.results?.[0]?.locations?.[0]?.physicalLocation?.artifactLocation?.uri).toBe(
      'file:///tmp/a%20b.o',
    );
  });

  it('is a run without results where nothing fails', () => {
    const [run] = of(listOf(findingOf('pass', 'a'))).runs;
    expect(run?.results).toEqual([]);
    expect(run?.invocations?.[0]?.executionSuccessful).toBe(true);
  });

  it('is told from a document that does not keep to the schema', () => {
    const log = of(listOf(findingOf('fail', 'a')));
    expect(validate({ ...log, version: '2.0.0' })).toBe(false);
    expect(validate({ ...log, runs: [{ ...log.runs[0], results: [{ kind: 'wrong' }] }] })).toBe(false);
  });
});
