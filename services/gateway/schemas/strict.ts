/** Objects that take nothing but what they name. */
import { type TProperties, Type } from 'typebox';

/** An object schema that refuses attributes, or parameters, it does not name. */
export function Strict<Properties extends TProperties>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false });
}

/** The query of a call that has none. */
export const NoParameters = Strict({});
