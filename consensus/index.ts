export * from './hash.ts'
export * from './ranking/types.ts'
