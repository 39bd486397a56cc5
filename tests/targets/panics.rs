// Panics through traced functions, caught and not. Traced with
// `-f -a 0 -e trace=none --funcs '^panics::t_\w+$' -o FILE`. Usage: panics.
use std::panic;
use std::thread;

// std::hint::black_box is newer than the compiler of Debian 12.
fn black_box<T>(value: T) -> T {
    let read = unsafe { std::ptr::read_volatile(&value) };
    std::mem::forget(value);
    read
}

#[inline(never)]
fn t_note(n: i32) -> i32 {
    black_box(n)
}

#[inline(never)]
fn t_fail(n: i32) -> i32 {
    if n == 0 {
        panic!("sold out");
    }
    let result = t_fail(n - 1);
    black_box(result) + 1
}

// Its cleanup calls a traced function.
struct Guard(i32);

impl Drop for Guard {
    fn drop(&mut self) {
        t_note(self.0);
    }
}

#[inline(never)]
fn t_guarded(n: i32) -> i32 {
    let guard = Guard(n + 1);
    let result = t_fail(n);
    black_box(&guard);
    result
}

#[inline(never)]
fn t_catching(n: i32) -> i32 {
    let caught = panic::catch_unwind(|| t_guarded(n)).is_err();
    t_note(caught as i32)
}

fn main() {
    panic::set_hook(Box::new(|_| {}));
    t_catching(1);
    t_catching(1);
    let ended = thread::spawn(|| t_guarded(0)).join();
    t_note(if ended.is_err() { 5 } else { 6 });
}
