import type { FindManyOptions, Repository } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import type { Connection } from '../connection.js';
import type { EntityClass, Where, WriteRepository } from './rows.js';

/** TypeORM's repository over one of our connections: what it throws says nothing of values, which may be secret. */
export class TableRepository<E extends object> implements WriteRepository<E> {
  /** @param connection once it is ready; rejects once the unit of work has ended */
  constructor(
    private readonly entity: EntityClass<E>,
    private readonly connection: () => Promise<Connection>,
    private readonly onWrite: () => void,
  ) {}

  find(options: Pick<FindManyOptions<E>, 'where' | 'order' | 'take'> = {}): Promise<E[]> {
    return this.use((rows) => rows.find(options));
  }

  async findOne(where: Where<E>): Promise<E | undefined> {
    return (await this.find({ where, take: 1 }))[0];
  }

  count(where: Where<E> = {}): Promise<number> {
    return this.use((rows) => rows.countBy(where));
  }

  insert(given: Partial<E> | readonly Partial<E>[]): Promise<void> {
    return this.change(async (rows) => {
      const values = listOf<E>(given);
      if (values.length > 0) await rows.createQueryBuilder().insert().values(values).updateEntity(false).execute();
    });
  }

  put(given: E | readonly E[]): Promise<void> {
    return this.change(async (rows) => {
      const values = listOf<E>(given);
      if (values.length === 0) return;
      const insert = rows.createQueryBuilder().insert().values(values).updateEntity(false);
      const [keys, others] = [true, false].map((isKey) =>
        rows.metadata.columns.filter((column) => column.isPrimary === isKey).map((column) => column.databaseName),
      ) as [string[], string[]];
      await (others.length > 0 ? insert.orUpdate(others, keys) : insert.orIgnore()).execute();
    });
  }

  update(where: Where<E>, change: Partial<E>): Promise<number> {
    return this.change(async (rows) => {
      const result = await rows
        .createQueryBuilder()
        .update()
        .set(change as QueryDeepPartialEntity<E>)
        .where(where)
        .updateEntity(false)
        .execute();
      return result.affected ?? 0;
    });
  }

  delete(where: Where<E>): Promise<number> {
    return this.change(async (rows) => {
      const result = await rows.createQueryBuilder().delete().where(where).execute();
      return result.affected ?? 0;
    });
  }

  clear(): Promise<void> {
    return this.change(async (rows) => void (await rows.createQueryBuilder().delete().execute()));
  }

  private async change<T>(work: (rows: Repository<E>) => Promise<T>): Promise<T> {
    this.onWrite();
    return this.use(work);
  }

  private async use<T>(work: (rows: Repository<E>) => Promise<T>): Promise<T> {
    return (await this.connection()).repository(this.entity, work);
  }
}

function listOf<E>(given: Partial<E> | readonly Partial<E>[]): QueryDeepPartialEntity<E>[] {
  return (Array.isArray(given) ? [...(given as readonly Partial<E>[])] : [given]) as QueryDeepPartialEntity<E>[];
}
