#include "textflag.h"

// The data look like return instructions.
TEXT ·sum(SB), NOSPLIT, $0-8
	JMP start
	WORD $0xd65f03c0
	WORD $0xd65f03c0
start:
	MOVD $·sum(SB), R1
	MOVD 4(R1), R0
	MOVD R0, ret+0(FP)
	RET

TEXT ·one(SB), NOSPLIT, $0-16
	JMP ·two(SB)

TEXT ·two(SB), NOSPLIT, $0-16
	MOVD n+0(FP), R0
	CMP $100, R0
	BEQ big
	JMP ·three(SB)
big:
	MOVD R0, ret+8(FP)
	RET

TEXT ·three(SB), NOSPLIT, $0-16
	MOVD n+0(FP), R0
	ADD $1, R0
	MOVD R0, ret+8(FP)
	RET
