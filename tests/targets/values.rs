// Values of Rust's types and its library's. Traced with `-a 0 -e trace=none --funcs '^values::t_'`;
// built by two compilers' versions with and without optimisation. Usage: values EXPECTED.
use std::collections::HashMap;
use std::io::Write;
use std::rc::Rc;
use std::sync::Arc;

// As std::hint::black_box, which the distribution's compiler does not have yet: nobody knows what
// happens to the value.
fn black_box<T>(value: T) -> T {
    unsafe { std::arch::asm!("/* {0} */", in(reg) &value, options(nostack, preserves_flags)) };
    value
}

#[allow(dead_code)]
#[derive(Clone, Copy)]
pub struct Point {
    x: i32,
    y: i32,
}

#[allow(dead_code)]
#[derive(Clone, Copy)]
pub struct Wide {
    a: u64,
    b: u32,
    c: u8,
}

#[allow(dead_code)]
pub struct Meters(f64);

#[allow(dead_code)]
pub struct Pair(u8, i64);

#[allow(dead_code)]
#[derive(Clone, Copy)]
pub enum Shape {
    Circle { radius: f64 },
    Square(u8, u16),
    Unit,
}

#[allow(dead_code)]
#[derive(Clone, Copy)]
pub enum Colour {
    Red,
    Green = 5,
    Blue,
}

#[inline(never)]
pub fn t_text(a: &str, b: String, c: &String, d: Option<&str>, e: Box<str>, f: char) -> String {
    black_box((&a, &b, &c, &d, &e, &f));
    format!("{}{}", a, b)
}

#[inline(never)]
pub fn t_lists(a: Vec<i32>, b: &[Point], c: &Vec<String>, d: [u8; 3], e: [u32; 3], f: Box<[i32]>) -> Vec<u8> {
    black_box((&a, &b, &c, &d, &e, &f));
    vec![1, 2]
}

#[inline(never)]
pub fn t_options(a: Option<u32>, b: Option<String>, c: Option<Box<i32>>, d: Option<bool>, e: Option<Point>) -> Option<i32> {
    black_box((&a, &b, &c, &d, &e));
    a.map(|n| -(n as i32))
}

#[inline(never)]
pub fn t_results(a: Result<u32, String>, b: Result<(), Colour>, c: &Result<u8, u64>) -> Result<u64, u8> {
    black_box((&a, &b, &c));
    Err(3)
}

#[inline(never)]
pub fn t_enums(a: Shape, b: &Shape, c: Colour, d: Shape) -> Shape {
    black_box((&a, &b, &c, &d));
    a
}

#[inline(never)]
pub fn t_scalars(a: i8, b: u128, c: f32, d: f64, e: bool, f: usize, g: i16) -> i128 {
    black_box((&a, &b, &c, &d, &e, &f, &g));
    -5
}

#[inline(never)]
pub fn t_tuples(a: (i32, i64), b: (u8, u8, u8), c: (f64, f64), d: (u8, u16, u32), e: (f32, i64)) -> (f32, f64) {
    black_box((&a, &b, &c, &d, &e));
    (1.5, 2.5)
}

#[inline(never)]
pub fn t_structs(a: Point, b: Wide, c: &mut Point, d: Meters, e: Pair) -> Wide {
    black_box((&a, &b, &c, &d, &e));
    b
}

#[inline(never)]
pub fn t_boxes(a: Box<Point>, b: Rc<String>, c: Arc<Point>, d: &i32, e: *const i32) -> Box<i32> {
    black_box((&a, &b, &c, &d, &e));
    Box::new(*d)
}

#[inline(never)]
pub fn t_maps(a: &HashMap<String, i32>, f: fn(i32) -> i32, s: &[&str]) -> (u64, u32) {
    black_box((&a, &f, &s));
    (1, 2)
}

#[inline(never)]
pub fn on_event(n: i32) -> i32 {
    black_box(n)
}

fn main() {
    let path = std::env::args().nth(1).expect("EXPECTED");
    let mut out = std::fs::File::create(path).unwrap();
    let mut expect = |line: &str| writeln!(out, "{}", line).unwrap();

    // Functions whose addresses are known elsewhere keep their calling convention.
    black_box([t_text as usize, t_lists as usize, t_options as usize, t_results as usize]);
    black_box([t_enums as usize, t_scalars as usize, t_tuples as usize, t_structs as usize]);
    black_box([t_boxes as usize, t_maps as usize]);

    let s = "referred".to_string();
    black_box(t_text("slice", "owned".to_string(), &s, Some("some"), "boxed".into(), 'x'));
    expect(r#"values::t_text(a="slice", b="owned", c=&"referred", d=Some("some"), e="boxed", f=120 'x') = "sliceowned""#);
    let points = [Point { x: 1, y: 2 }, Point { x: 3, y: 4 }];
    let strings = vec!["a".to_string(), "b".to_string()];
    black_box(t_lists(vec![1, -2], &points, &strings, [1, 2, 3], [4, 5, 6], vec![7, 8].into_boxed_slice()));
    expect(r#"values::t_lists(a=[1, -2], b=[{x=1, y=2}, {x=3, y=4}], c=&["a", "b"], d=[1, 2, 3], e=[4, 5, 6], f=[7, 8]) = [1, 2]"#);
    black_box(t_options(Some(7), Some("s".to_string()), Some(Box::new(1)), Some(true), Some(points[1])));
    expect(r#"values::t_options(a=Some(7), b=Some("s"), c=Some(&1), d=Some(true), e=Some({x=3, y=4})) = Some(-7)"#);
    black_box(t_options(None, None, None, None, None));
    expect("values::t_options(a=None, b=None, c=None, d=None, e=None) = None");
    let _: Result<u64, u8> = black_box(t_results(Ok(1), Err(Colour::Green), &Err(9)));
    expect("values::t_results(a=Ok(1), b=Err(Green), c=&Err(9)) = Err(3)");
    let _: Result<u64, u8> = black_box(t_results(Err("no".to_string()), Ok(()), &Ok(9)));
    expect(r#"values::t_results(a=Err("no"), b=Ok, c=&Ok(9)) = Err(3)"#);
    black_box(t_enums(Shape::Circle { radius: 1.5 }, &Shape::Unit, Colour::Blue, Shape::Square(1, 2)));
    expect("values::t_enums(a=Circle{radius=1.5}, b=&Unit, c=Blue, d=Square(1, 2)) = Circle{radius=1.5}");
    black_box(t_scalars(-1, 1 << 100, 0.5, -2.0, true, 9, -300));
    expect("values::t_scalars(a=-1, b=1267650600228229401496703205376, c=0.5, d=-2, e=true, f=9, g=-300) = -5");
    black_box(t_tuples((1, -2), (1, 2, 3), (0.5, 1.0), (7, 8, 9), (2.5, 3)));
    expect("values::t_tuples(a=(1, -2), b=(1, 2, 3), c=(0.5, 1), d=(7, 8, 9), e=(2.5, 3)) = (1.5, 2.5)");
    let wide = Wide { a: 1, b: 2, c: 3 };
    let mut point = Point { x: 5, y: 6 };
    black_box(t_structs(points[0], wide, &mut point, Meters(1.5), Pair(1, -2)));
    expect("values::t_structs(a={x=1, y=2}, b={a=1, b=2, c=3}, c=&{x=5, y=6}, d=Meters(1.5), e=Pair(1, -2)) = {a=1, b=2, c=3}");
    let n = 4;
    let pointer: *const i32 = &n;
    black_box(t_boxes(Box::new(points[0]), Rc::new("rc".to_string()), Arc::new(points[1]), &n, pointer));
    expect(&format!(r#"values::t_boxes(a=&{{x=1, y=2}}, b=&"rc", c=&{{x=3, y=4}}, d=&4, e={:p}) = &4"#, pointer));
    let mut map = HashMap::new();
    map.insert("a".to_string(), 1);
    black_box(t_maps(&map, on_event, &["p", "q"]));
    expect(r#"values::t_maps(a=&{...} /* 1 element */, f=values::on_event, s=["p", "q"]) = (1, 2)"#);
    expect("+++ exited with 0 +++");
}
