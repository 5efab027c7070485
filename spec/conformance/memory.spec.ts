import { MemoryManager } from '../../lib/memory/index';
import { testBackend } from '../../lib/testing/index';

testBackend({
  name: 'MemoryManager',
  open: () => MemoryManager.open(),
  reopen: false,
  killed: false,
  backup: false,
  consistentIterations: true,
  pageEntries: 100,
});
