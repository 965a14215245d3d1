/*
 * The image protocol of bpf-oracle around a JIT written in C: docs/IMAGE-PROTOCOL.md.
 *
 *   cc -O2 -o my-adapter adapter.c my-jit.c
 *   bpf-oracle doctor --jit exec:./my-adapter
 *
 * The JIT is one function, for programs of one subprog:
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Compiles `count` instructions of 8 bytes to at most `capacity` bytes of code that will run at `base`. Returns the
 * number of bytes, or -1 with `*why` set to the reason why the program is declined.
 */
long bpf_jit_compile(const uint8_t *insns, size_t count, uint64_t base, uint8_t *code, size_t capacity,
		     const char **why);

/* Bytes of code an instruction may become, and those of prologue and epilogue. */
#define CODE_PER_INSN 64
#define CODE_AROUND 1024

/*
 * Requests come from bpf-oracle alone, which writes them without spaces and without escapes in what is read here.
 * Returns what follows `"name":`, or NULL.
 */
static const char *field(const char *line, const char *name)
{
	char pattern[32];
	const char *at;

	snprintf(pattern, sizeof(pattern), "\"%s\":", name);
	at = strstr(line, pattern);
	return at == NULL ? NULL : at + strlen(pattern);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes of a string of hex digits up to its closing quote; the bytes take the place of the digits. */
static size_t from_hex(char *text)
{
	size_t length = 0;

	while (digit(text[2 * length]) >= 0 && digit(text[2 * length + 1]) >= 0) {
		text[length] = (char)(digit(text[2 * length]) << 4 | digit(text[2 * length + 1]));
		length++;
	}
	return length;
}

static void refuse(const char *id, const char *why)
{
	printf("{\"id\":%ld,\"refused\":\"%s\"}\n", strtol(id, NULL, 10), why);
}

static void answer(char *line)
{
	const char *id = field(line, "id"), *base = field(line, "base"), *subprogs = field(line, "subprogs");
	const char *bpf = field(line, "bpf"), *why = "declined";
	size_t bytes, capacity, i;
	uint64_t address;
	uint8_t *code;
	long length;

	if (id == NULL || base == NULL || subprogs == NULL || bpf == NULL) {
		fprintf(stderr, "no request of the image protocol: %.60s\n", line);
		exit(1);
	}
	if (memchr(subprogs, ',', strcspn(subprogs, "]")) != NULL) {
		refuse(id, "programs of more than one function");
		return;
	}
	address = strtoull(base + 1, NULL, 16);
	bytes = from_hex((char *)bpf + 1);
	capacity = bytes / 8 * CODE_PER_INSN + CODE_AROUND;
	code = malloc(capacity);
	if (code == NULL) {
		refuse(id, "out of memory");
		return;
	}
	length = bpf_jit_compile((const uint8_t *)bpf + 1, bytes / 8, address, code, capacity, &why);
	if (length < 0) {
		refuse(id, why);
	} else {
		printf("{\"id\":%ld,\"image\":\"", strtol(id, NULL, 10));
		for (i = 0; i < (size_t)length; i++)
			printf("%02x", code[i]);
		printf("\",\"entry\":0,\"subprogEntries\":[0]}\n");
	}
	free(code);
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		answer(line);
		fflush(stdout);
	}
	free(line);
	return 0;
}
