/** A language model small enough to be made by a test: llama's architecture, one token per character or byte, random weights. */

const LAYERS = 2
const WIDTH = 64
const INNER_WIDTH = 128
const HEADS = 4
const CONTEXT_TOKENS = 8_192

/** Codes of the GGUF format, version 3. */
const VALUE = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const
const TOKEN = { normal: 1, unknown: 2, control: 3, byte: 6 } as const
const FLOAT32_TENSOR = 0
const ALIGNMENT_BYTES = 32

type ScalarType = 'uint32' | 'int32' | 'float32' | 'bool' | 'string'
type Scalar = number | boolean | string
type Field = [key: string, type: ScalarType, value: Scalar | readonly Scalar[]]

/** Dimensions as GGUF has them: the length of a row first. */
interface Tensor {
  name: string
  dimensions: readonly number[]
  values: Float32Array
}

interface Token {
  text: string
  type: (typeof TOKEN)[keyof typeof TOKEN]
}

/** The file of such a model. The same seed gives the same bytes; what the model says is characters at random. */
export function writeTinyGguf(seed: number): Uint8Array {
  const tokens = listTokens()
  const fields = describeModel(tokens)
  const tensors = createTensors(tokens, createRandom(seed))
  const header = [uint32(0x46554747), uint32(3), uint64(tensors.length), uint64(fields.length), ...fields.flatMap(encodeField)]
  let offset = 0
  for (const { name, dimensions, values } of tensors) {
    header.push(encodeScalar('string', name), uint32(dimensions.length), ...dimensions.map(uint64), uint32(FLOAT32_TENSOR), uint64(offset))
    offset += paddedBytes(values.byteLength)
  }
  const head = Buffer.concat(header)
  const data = tensors.flatMap(({ values }) => [Buffer.from(values.buffer), Buffer.alloc(paddedBytes(values.byteLength) - values.byteLength)])
  return Buffer.concat([head, Buffer.alloc(paddedBytes(head.length) - head.length), ...data])
}

/** Three tokens for control, one for every byte, one for every printable character of ASCII but the space. */
function listTokens(): Token[] {
  const bytes = Array.from({ length: 256 }, (_, byte): Token => ({ text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, type: TOKEN.byte }))
  const characters = Array.from({ length: 94 }, (_, index): Token => ({ text: String.fromCharCode(33 + index), type: TOKEN.normal }))
  return [{ text: '<unk>', type: TOKEN.unknown }, { text: '<s>', type: TOKEN.control }, { text: '</s>', type: TOKEN.control }, ...bytes, ...characters]
}

function describeModel(tokens: readonly Token[]): Field[] {
  return [
    ['general.architecture', 'string', 'llama'],
    ['general.name', 'string', 'tiny'],
    ['general.alignment', 'uint32', ALIGNMENT_BYTES],
    ['llama.block_count', 'uint32', LAYERS],
    ['llama.context_length', 'uint32', CONTEXT_TOKENS],
    ['llama.embedding_length', 'uint32', WIDTH],
    ['llama.feed_forward_length', 'uint32', INNER_WIDTH],
    ['llama.attention.head_count', 'uint32', HEADS],
    ['llama.attention.layer_norm_rms_epsilon', 'float32', 1e-5],
    ['llama.rope.dimension_count', 'uint32', WIDTH / HEADS],
    ['llama.vocab_size', 'uint32', tokens.length],
    ['tokenizer.ggml.model', 'string', 'llama'],
    ['tokenizer.ggml.tokens', 'string', tokens.map(({ text }) => text)],
    ['tokenizer.ggml.scores', 'float32', tokens.map(() => 0)],
    ['tokenizer.ggml.token_type', 'int32', tokens.map(({ type }) => type)],
    ['tokenizer.ggml.unknown_token_id', 'uint32', 0],
    ['tokenizer.ggml.bos_token_id', 'uint32', 1],
    ['tokenizer.ggml.eos_token_id', 'uint32', 2],
    ['tokenizer.ggml.add_bos_token', 'bool', true],
    ['tokenizer.ggml.add_space_prefix', 'bool', false],
  ]
}

/** Only characters and the line feed can be said: the rows of all other tokens in the output are zero, and theirs far above. */
function createTensors(tokens: readonly Token[], random: () => number): Tensor[] {
  const matrix = (name: string, rowLength: number, rows: number, scale: number): Tensor => ({ name, dimensions: [rowLength, rows], values: Float32Array.from({ length: rowLength * rows }, () => scale * (2 * random() - 1)) })
  const ones = (name: string): Tensor => ({ name, dimensions: [WIDTH], values: new Float32Array(WIDTH).fill(1) })
  const layers = Array.from({ length: LAYERS }, (_, layer) => [
    ones(`blk.${layer}.attn_norm.weight`),
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((part) => matrix(`blk.${layer}.${part}.weight`, WIDTH, WIDTH, 0.3)),
    ones(`blk.${layer}.ffn_norm.weight`),
    ...['ffn_gate', 'ffn_up'].map((part) => matrix(`blk.${layer}.${part}.weight`, WIDTH, INNER_WIDTH, 0.3)),
    matrix(`blk.${layer}.ffn_down.weight`, INNER_WIDTH, WIDTH, 0.3),
  ])
  const output = matrix('output.weight', WIDTH, tokens.length, 1)
  for (const [index, { type, text }] of tokens.entries()) {
    if (type !== TOKEN.normal && text !== '<0x0A>') output.values.fill(0, index * WIDTH, (index + 1) * WIDTH)
  }
  return [matrix('token_embd.weight', WIDTH, tokens.length, 1), ones('output_norm.weight'), output, ...layers.flat()]
}

function encodeField([key, type, value]: Field): Buffer[] {
  if (!Array.isArray(value)) return [encodeScalar('string', key), uint32(VALUE[type]), encodeScalar(type, value as Scalar)]
  const items = value as readonly Scalar[]
  return [encodeScalar('string', key), uint32(VALUE.array), uint32(VALUE[type]), uint64(items.length), ...items.map((item) => encodeScalar(type, item))]
}

function encodeScalar(type: ScalarType, value: Scalar): Buffer {
  switch (type) {
    case 'string': {
      const bytes = Buffer.from(value as string)
      return Buffer.concat([uint64(bytes.length), bytes])
    }
    case 'bool':
      return Buffer.of(value === true ? 1 : 0)
    case 'float32': {
      const bytes = Buffer.alloc(4)
      bytes.writeFloatLE(value as number)
      return bytes
    }
    default:
      return uint32(value as number)
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function paddedBytes(length: number): number {
  return Math.ceil(length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
}

/** Numbers in [0, 1): xorshift. */
function createRandom(seed: number): () => number {
  let state = (seed >>> 0) || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
