/**
 * Programs as numbers, in the shapes people paste: bytes in hex, one 64-bit word an instruction, C arrays
 * (hex-c.ts), dumps of xxd and hexdump (hex-dump.ts), and the Base64 libFuzzer prints. The shape is
 * recognised; digits that make a program in two ways are refused.
 */
import { badInput, OracleError } from '../core/errors.ts';
import { type DecodeOptions, decode } from './decode.ts';
import { isCSource, readCSource } from './hex-c.ts';
import { isHexDump, readHexDump } from './hex-dump.ts';

/** A program as bytes, and the memory a fuzzer's input carries with it. */
export interface RawProgram {
  readonly bytes: Uint8Array;
  readonly memory?: Uint8Array;
}

const HEX_TOKEN = /^(?:0x|\\x)?[0-9a-f]+$/i;
const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;

/** Does the text have one of the shapes, rather than being assembly? */
export function isHex(text: string): boolean {
  const whole = text.trim();
  if (isHexDump(text) || /^Base64:/i.test(whole) || (whole.length >= 12 && /^[\w+/]+={0,2}$/.test(whole)))
    return true;
  const bare = withoutComments(text);
  if (isCSource(bare)) return true;
  const tokens = tokensOf(bare);
  return tokens.length > 0 && tokens.every((token) => HEX_TOKEN.test(token));
}

/** Reads any of the shapes. Throws an `input` error that says what is wrong with the text, in one line. */
export function readHex(text: string, name: string): RawProgram {
  if (isHexDump(text)) return { bytes: readHexDump(text, name) };
  const base64 = text.trim().replace(/^Base64:\s*/i, '');
  const bare = withoutComments(text);
  const tokens = tokensOf(bare);
  if (tokens.length === 0 && !BASE64.test(base64))
    throw badInput('read hex', name, 'there is no digit in it');
  if (isCSource(bare)) return { bytes: readCSource(bare, name) };
  if (tokens.length > 0 && tokens.every((token) => HEX_TOKEN.test(token)))
    return { bytes: readTokens(tokens, name) };
  if (BASE64.test(base64)) return readBase64(base64, name);
  const odd = tokens.find((token) => !HEX_TOKEN.test(token)) ?? '';
  throw badInput(
    'read hex',
    name,
    `\`${odd.slice(0, 40)}\` is neither hex nor any other shape of a BPF program`,
  );
}

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/(?:\/\/|#).*/g, '');

/** Words between blanks, commas and quotes; `\x` begins one too. */
const tokensOf = (text: string): string[] => text.split(/[\s,;"']+|(?=\\x)/).filter((token) => token !== '');

/**
 * Input of uBPF's fuzzer: the program's length as a 32-bit number, the program, the memory. Undefined if the
 * bytes are not that.
 */
export function splitFuzzerInput(bytes: Uint8Array): RawProgram | undefined {
  if (bytes.length < 12) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (length === 0 || length % 8 !== 0 || 4 + length > bytes.length) return undefined;
  const program = bytes.subarray(4, 4 + length);
  return decodes(program) ? { bytes: program, memory: bytes.slice(4 + length) } : undefined;
}

/** Can these bytes be a program? */
export function decodes(bytes: Uint8Array, options?: DecodeOptions): boolean {
  try {
    decode(bytes, options);
    return true;
  } catch (error) {
    if (error instanceof OracleError) return false;
    throw error;
  }
}

const digitsOf = (token: string): string => token.replace(/^(?:0x|\\x)/i, '');

/** Tokens of hex digits: bytes, runs of bytes, or words. */
function readTokens(tokens: readonly string[], name: string): Uint8Array {
  const prefixed = tokens.every((token) => /^0x/i.test(token));
  const digits = tokens.map(digitsOf);
  if (digits.every((each) => each.length <= 2)) return readBytes(digits, { prefixed }, name);
  const areWords =
    digits.every((each) => each.length <= 16) && (prefixed || digits.every((each) => each.length === 16));
  const areBytes =
    digits.every((each) => each.length % 2 === 0) && (!prefixed || digits.every((each) => each.length >= 16));
  const words = areWords ? wordBytes(digits) : undefined;
  const bytes = areBytes ? hexBytes(digits.join('')) : undefined;
  if (words === undefined || bytes === undefined) {
    if (words === undefined && bytes === undefined) throw oddDigits(tokens, name);
    return wholeSlots(words ?? bytes ?? new Uint8Array(), name);
  }
  return chooseReading(words, bytes, { prefixed }, name);
}

/** Sixteen digits can be a little-endian number or eight bytes in order: whichever makes a program. */
function chooseReading(
  words: Uint8Array,
  bytes: Uint8Array,
  { prefixed }: { readonly prefixed: boolean },
  name: string,
): Uint8Array {
  const asWords = decodes(words);
  const asBytes = decodes(bytes);
  if (asWords && asBytes && !words.every((byte, i) => byte === bytes[i])) {
    throw badInput(
      'read hex',
      name,
      'the digits make a program both as 64-bit words and as bytes; write the bytes with blanks between them',
    );
  }
  if (asWords !== asBytes) return asWords ? words : bytes;
  return prefixed ? words : bytes;
}

function readBytes(
  digits: readonly string[],
  { prefixed }: { readonly prefixed: boolean },
  name: string,
): Uint8Array {
  const short = prefixed ? undefined : digits.find((each) => each.length !== 2);
  if (short !== undefined)
    throw badInput('read hex', name, `\`${short}\` is half a byte; write two digits, or 0x${short}`);
  return wholeSlots(
    Uint8Array.from(digits, (each) => Number.parseInt(each, 16)),
    name,
  );
}

function oddDigits(tokens: readonly string[], name: string): OracleError {
  const odd =
    tokens.find((token) => digitsOf(token).length % 2 !== 0 || digitsOf(token).length > 16) ??
    tokens[0] ??
    '';
  return badInput(
    'read hex',
    name,
    `\`${odd.slice(0, 40)}\` is neither whole bytes nor a 64-bit word of 0x and up to 16 digits`,
  );
}

function wholeSlots(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes.length % 8 !== 0) {
    throw badInput('read hex', name, `${bytes.length} bytes are not a whole number of 8-byte instructions`);
  }
  return bytes;
}

const wordBytes = (digits: readonly string[]): Uint8Array =>
  new Uint8Array(new BigUint64Array(digits.map((each) => BigInt(`0x${each}`))).buffer);

const hexBytes = (digits: string): Uint8Array =>
  Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

function readBase64(text: string, name: string): RawProgram {
  const bytes = new Uint8Array(Buffer.from(text, 'base64'));
  if (bytes.length % 8 === 0 && decodes(bytes)) return { bytes };
  const input = splitFuzzerInput(bytes);
  if (input !== undefined) return input;
  throw badInput(
    'read hex',
    name,
    `as Base64 it is ${bytes.length} bytes that are neither a BPF program nor an input of uBPF's fuzzer`,
  );
}
