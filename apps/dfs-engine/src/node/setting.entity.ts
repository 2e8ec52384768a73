import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Settings that a person made on this node, besides its configuration. */
@Entity({ name: 'engine_setting', withoutRowid: true })
export class SettingEntity {
  /** Name of the setting. */
  @PrimaryColumn({ type: 'text' })
  key!: string;

  /** Its value as text: JSON where it is an object. */
  @Column({ type: 'text' })
  value!: string;
}
