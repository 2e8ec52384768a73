import type { OpenAPIObject } from '@nestjs/swagger';

/** Methods of HTTP that an operation may have. */
export const METHODS = ['get', 'head', 'put', 'post', 'patch', 'delete', 'options'] as const;

/** The parts of an operation that are read and completed here. */
export interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  security?: object[];
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema?: object }> };
  responses: Record<string, { description?: string; headers?: object; content?: Record<string, { schema?: object }> }>;
}
/** A parameter as OpenAPI describes it, as far as this document uses it. */
export interface Parameter {
  name: string;
  in: string;
  description?: string;
  schema?: Record<string, unknown>;
}

/** Every operation of a document: path, method in lower case, and itself. */
export function operationsOf(document: OpenAPIObject): [string, string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method): [string, string, Operation][] => {
      const operation = item[method] as Operation | undefined;
      return operation ? [[path, method, operation]] : [];
    }),
  );
}
