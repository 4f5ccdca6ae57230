/*
 * pflow/error.h - result codes, messages and the library's version.
 *
 *   pflow_err rc = pflow_tensor_create(&t, shape, 2);
 *   if (rc < 0) fprintf(stderr, "%s (%s)\n", pflow_errmsg(), pflow_strerror(rc));
 */
#ifndef PFLOW_ERROR_H
#define PFLOW_ERROR_H

#if defined(__GNUC__)
#define PFLOW_API __attribute__((visibility("default")))
#else
#define PFLOW_API
#endif

#ifdef __cplusplus
#define PFLOW_BEGIN_DECLS extern "C" {
#define PFLOW_END_DECLS   }
#else
#define PFLOW_BEGIN_DECLS
#define PFLOW_END_DECLS
#endif

#define PFLOW_VERSION_MAJOR 0
#define PFLOW_VERSION_MINOR 1
#define PFLOW_VERSION_PATCH 0
#define PFLOW_VERSION       "0.1.0"

/*
 * Every code with its number and text. Numbers are part of the ABI: codes are appended,
 * never changed or removed.
 */
#define PFLOW_ERROR_LIST(X)                                                              \
  X(PFLOW_OK, 0, "success")                                                              \
  X(PFLOW_STOPPED, 1, "stopped by a callback")                                           \
  X(PFLOW_LIMIT, 2, "step or iteration limit reached before the tolerance")              \
  X(PFLOW_ENULL, -1, "a required pointer is NULL")                                       \
  X(PFLOW_ENOMEM, -2, "out of memory")                                                   \
  X(PFLOW_EOVERFLOW, -3, "a size is too large to be represented")                        \
  X(PFLOW_ESHAPE, -4, "shapes do not fit together")                                      \
  X(PFLOW_EINVAL, -5, "an argument or setting is out of its range")                      \
  X(PFLOW_ENONFINITE, -6, "data hold NaN or infinity")                                   \
  X(PFLOW_ELABEL, -7, "a class label is out of range")                                   \
  X(PFLOW_ESTATE, -8, "call out of order for this object")                               \
  X(PFLOW_EIO, -9, "input or output failed")                                             \
  X(PFLOW_EFORMAT, -10, "a file is malformed")                                           \
  X(PFLOW_ETRUNCATED, -11, "a file ends too early")                                      \
  X(PFLOW_ETOOLARGE, -12, "a file is larger than its contents or the limit allow")       \
  X(PFLOW_EUNSUPPORTED, -13, "a valid file or setting that this version cannot handle")  \
  X(PFLOW_ENOTFOUND, -14, "no entry of that name")                                       \
  X(PFLOW_ECALLBACK, -15, "a callback failed")                                           \
  X(PFLOW_ETHREAD, -16, "a thread could not be started")                                 \
  X(PFLOW_EBUSY, -17, "the object is in use")                                            \
  X(PFLOW_EDIVERGED, -18, "a numerical method broke down")

typedef enum pflow_err {
#define PFLOW_ERROR_ENUM(name, number, text) name = number,
  PFLOW_ERROR_LIST(PFLOW_ERROR_ENUM)
#undef PFLOW_ERROR_ENUM
} pflow_err;

PFLOW_BEGIN_DECLS

/* The fixed text of a code; "unknown result code" for a number outside the list. */
PFLOW_API const char *pflow_strerror(pflow_err code);

/*
 * The sentence of the calling thread's last error, naming the offending value. Read it
 * right after the call that failed: this thread's next call of the library may change it,
 * and one that goes well may leave it. Control characters, of paths and of names that
 * files hold, are question marks in it: it is one line for a log or a terminal.
 */
PFLOW_API const char *pflow_errmsg(void);

/* The version of the library that runs, as "major.minor.patch". */
PFLOW_API const char *pflow_version(void);

PFLOW_END_DECLS

#endif
