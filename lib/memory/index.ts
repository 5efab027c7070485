export { MemoryManager } from './manager';
