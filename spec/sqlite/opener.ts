/** Opens and stops a store, and says in one line of JSON how that went: a process of its own, for what the super-user cannot show. */
import { SqliteManager, StoreError } from '../../lib/index';

async function main(directory: string): Promise<object> {
  try {
    const manager = await SqliteManager.open(directory, { durability: false });
    await manager.stop();
    return { opened: true };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const { code, message, cause } = error;
    return { code, message, cause: (cause as { code?: string } | undefined)?.code };
  }
}

void main(process.argv[2] ?? '').then((outcome) => console.log(JSON.stringify(outcome)));
