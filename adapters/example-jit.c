/*
 * A JIT of four instructions, to show the shape of one: r0 to r5 in rax, rdi, rsi, rdx, rcx, r8; mov and add of 64
 * bits, by immediate or register, and exit.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const uint8_t REGS[] = { 0, 7, 6, 2, 1, 8 };

struct out {
	uint8_t *code;
	size_t length, capacity;
};

static void byte(struct out *out, uint8_t value)
{
	if (out->length < out->capacity)
		out->code[out->length] = value;
	out->length++;
}

/* REX.W opcode, ModRM with both operands registers. */
static void op_reg(struct out *out, uint8_t opcode, uint8_t reg, uint8_t rm)
{
	byte(out, 0x48 | (reg >= 8 ? 4 : 0) | (rm >= 8 ? 1 : 0));
	byte(out, opcode);
	byte(out, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

static void imm32(struct out *out, uint32_t imm)
{
	for (int k = 0; k < 4; k++)
		byte(out, imm >> 8 * k);
}

long bpf_jit_compile(const uint8_t *insns, size_t count, uint64_t base, uint8_t *code, size_t capacity,
		     const char **why)
{
	static char reason[64];
	struct out out = { code, 0, capacity };

	(void)base;
	for (size_t i = 0; i < count; i++) {
		const uint8_t *insn = insns + 8 * i;
		uint8_t dst = insn[1] & 15, src = insn[1] >> 4;
		uint32_t imm;

		memcpy(&imm, insn + 4, sizeof(imm));
		if (dst >= sizeof(REGS) || src >= sizeof(REGS)) {
			snprintf(reason, sizeof(reason), "register above r5 at %zu", i);
			*why = reason;
			return -1;
		}
		switch (insn[0]) {
		case 0xb7: /* dst = imm */
			op_reg(&out, 0xc7, 0, REGS[dst]);
			imm32(&out, imm);
			break;
		case 0xbf: /* dst = src */
			op_reg(&out, 0x89, REGS[src], REGS[dst]);
			break;
		case 0x07: /* dst += imm */
			op_reg(&out, 0x81, 0, REGS[dst]);
			imm32(&out, imm);
			break;
		case 0x0f: /* dst += src */
			op_reg(&out, 0x01, REGS[src], REGS[dst]);
			break;
		case 0x95: /* exit */
			byte(&out, 0xc3);
			break;
		default:
			snprintf(reason, sizeof(reason), "unsupported instruction 0x%02x at %zu", insn[0], i);
			*why = reason;
			return -1;
		}
	}
	if (out.length > capacity) {
		*why = "too long";
		return -1;
	}
	return (long)out.length;
}
