import type { FindManyOptions, FindOptionsWhere } from 'typeorm';

/** A TypeORM entity: the one description of a table's shape. */
export type EntityClass<E extends object = object> = new () => E;

/**
 * The columns by which a row is chosen. A column that has to be null is written `IsNull()`: a plain null would be left
 * out.
 */
export type Where<E> = FindOptionsWhere<E> | FindOptionsWhere<E>[];

/** Reads the rows of one table as entities. */
export interface ReadRepository<E> {
  /** @throws DatabaseError */
  find(options?: Pick<FindManyOptions<E>, 'where' | 'order' | 'take'>): Promise<E[]>;
  /** The one row, or undefined. @throws DatabaseError */
  findOne(where: Where<E>): Promise<E | undefined>;
  /** @throws DatabaseError */
  count(where?: Where<E>): Promise<number>;
}

/** Reads and writes the rows of one table within a unit of work. Opens no transaction of its own. */
export interface WriteRepository<E> extends ReadRepository<E> {
  /** Adds rows; columns that are left out get their defaults. @throws DatabaseError */
  insert(rows: Partial<E> | readonly Partial<E>[]): Promise<void>;
  /** Adds rows, or changes those with the same primary key. All columns are given. @throws DatabaseError */
  put(rows: E | readonly E[]): Promise<void>;
  /** Gives how many rows were changed. @throws DatabaseError */
  update(where: Where<E>, change: Partial<E>): Promise<number>;
  /** Gives how many rows went. @throws DatabaseError */
  delete(where: Where<E>): Promise<number>;
  /** All rows go. @throws DatabaseError */
  clear(): Promise<void>;
}
