#include "textflag.h"

// The data look like return instructions.
TEXT ·sum(SB), NOSPLIT, $0-8
	JMP start
	BYTE $0xC3; BYTE $0xC3; BYTE $0xC3; BYTE $0xC3
	BYTE $0xC3; BYTE $0xC3; BYTE $0xC3; BYTE $0xC3
start:
	LEAQ ·sum(SB), BX
	MOVQ 2(BX), AX
	MOVQ AX, ret+0(FP)
	RET

TEXT ·one(SB), NOSPLIT, $0-16
	JMP ·two(SB)

TEXT ·two(SB), NOSPLIT, $0-16
	MOVQ n+0(FP), AX
	CMPQ AX, $100
	JEQ big
	JMP ·three(SB)
big:
	MOVQ AX, ret+8(FP)
	RET

TEXT ·three(SB), NOSPLIT, $0-16
	MOVQ n+0(FP), AX
	ADDQ $1, AX
	MOVQ AX, ret+8(FP)
	RET
