"""The image protocol of bpf-oracle around a JIT that Python can call: docs/IMAGE-PROTOCOL.md.

    from adapter import Refused, serve

    def compile(request):
        insns = bytes.fromhex(request["bpf"])
        ...
        return {"image": code.hex(), "entry": 0, "subprogEntries": [0]}

    serve(compile)

`bpf-oracle doctor --jit "exec:python3 my_jit.py"` says whether it works. Run by itself, this file is a JIT of four
instructions.
"""

import json
import sys


class Refused(Exception):
    """The JIT declines the program; the message says why."""


def serve(compile):
    """Answers requests until there are no more. `compile` takes one as a dict and gives an answer without id."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = compile(request)
        except Refused as why:
            answer = {"refused": str(why)}
        print(json.dumps({"id": request["id"], **answer}), flush=True)


# r0 to r5 in rax, rdi, rsi, rdx, rcx, r8.
REGS = [0, 7, 6, 2, 1, 8]


def op_reg(opcode, reg, rm):
    """REX.W opcode, ModRM with both operands registers."""
    rex = 0x48 | (4 if reg >= 8 else 0) | (1 if rm >= 8 else 0)
    return bytes([rex, opcode, 0xC0 | (reg & 7) << 3 | (rm & 7)])


def example(request):
    """mov and add of 64 bits, by immediate or register, and exit."""
    if len(request["subprogs"]) > 1:
        raise Refused("programs of more than one function")
    bpf = bytes.fromhex(request["bpf"])
    code = b""
    for slot in range(len(bpf) // 8):
        opcode, regs, imm = bpf[8 * slot], bpf[8 * slot + 1], bpf[8 * slot + 4 : 8 * slot + 8]
        dst, src = regs & 15, regs >> 4
        if dst >= len(REGS) or src >= len(REGS):
            raise Refused(f"register above r5 at {slot}")
        if opcode == 0xB7:  # dst = imm
            code += op_reg(0xC7, 0, REGS[dst]) + imm
        elif opcode == 0xBF:  # dst = src
            code += op_reg(0x89, REGS[src], REGS[dst])
        elif opcode == 0x07:  # dst += imm
            code += op_reg(0x81, 0, REGS[dst]) + imm
        elif opcode == 0x0F:  # dst += src
            code += op_reg(0x01, REGS[src], REGS[dst])
        elif opcode == 0x95:  # exit
            code += b"\xc3"
        else:
            raise Refused(f"unsupported instruction 0x{opcode:02x} at {slot}")
    return {"image": code.hex(), "entry": 0, "subprogEntries": [0]}


if __name__ == "__main__":
    serve(example)
