/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared access signatures of Azure Service Bus: a token that a key's holder makes for himself, valid
 * for one resource until a time ("Service Bus access control with Shared Access Signatures"). */
#ifndef FL_BUS_REQUEST_H
#define FL_BUS_REQUEST_H

#include <stdint.h>

enum { FL_BUS_SAS_BYTES = 2048 };

/* Writes SharedAccessSignature sr=RESOURCE&sig=SIGNATURE&se=EXPIRY&skn=KEY_NAME. The resource is a
 * URI such as sb://NAMESPACE/QUEUE; expiry: Unix seconds. 0, or -EMSGSIZE. */
int fl_bus_sas(char token[FL_BUS_SAS_BYTES], const char *resource, const char *key_name,
               const char *key, int64_t expiry);

#endif
