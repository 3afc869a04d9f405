#include "autodiff/custom_rule.h"
#include "autodiff/program.h"
#include "frontend/extern_kernel.h"
#include "frontend/random.h"
#include "targets/compile.h"
#include "targets/trace/trace.h"

#include <cmath>
#include <cstdio>

using namespace Halide;
using namespace sylvite;

// The force on swings, as a library in C has it.
extern "C" int swing_force(halide_buffer_t *angle, halide_buffer_t *force) {
    for (int i = 0; i < force->dim[0].extent; i++) {
        reinterpret_cast<float *>(force->host)[i] = -std::sin(reinterpret_cast<const float *>(angle->host)[i]);
    }
    return 0;
}

namespace {

const Var x("x");

Array single(const char *name, const Expr &value) {
    Func f(name);
    f() = value;
    return Array(f, {});
}

Array row(const char *name, const Expr &value, const Expr &n) {
    Func f(name);
    f(x) = value;
    return Array(f, {n});
}

Buffer<float> scalar(float value) {
    Buffer<float> b = Buffer<float>::make_scalar();
    b() = value;
    return b;
}

// A ball that falls from height h0 and keeps a part of its speed when it hits the ground.
Program ball() {
    Param<float> bounce("bounce");
    Array h0 = input<float>("h0", {});
    const float dt = 0.01f;
    Scanned fall = scan(200, {h0, single("rest", 0.f)}, {}, [&](Expr, const Arrays &ball, const Arrays &) {
        Array v = single("v", ball[1]() - 9.81f * dt);
        Array h = single("h", ball[0]() + dt * v());
        Arrays next = branch(
            h() < 0.f, {h, v},
            [&](const Arrays &hit) {
                return Arrays{single("up", -bounce * hit[0]()), single("back", -bounce * hit[1]())};
            },
            [](const Arrays &air) { return air; });
        return Scanned{next, {next[0]}};
    });
    return Program("ball", {h0, bounce}, {{"height", fall.state[0]}, {"path", fall.outputs[0]}});
}

// Square roots by Newton's method, until the largest residual is small.
Program roots() {
    const int n = 3;
    Array a = input<float>("a", {n});
    WhileResult newton = while_loop(
        [&](const Arrays &s) {
            Func residual("residual");
            RDom r(0, n);
            residual() = maximum(abs(s[0](r) * s[0](r) - a(r)));
            return residual() > 1e-4f;
        },
        {a}, [&](Expr, const Arrays &s) { return Arrays{row("root", (s[0](x) + a(x) / s[0](x)) / 2, n)}; },
        {.name = "newton", .capacity = 30});
    return Program("roots", {a}, {{"root", newton.state[0]}, {"steps", newton.steps}});
}

// A rod whose ends are cold: what it looks like after a while, compared with a measurement.
Program rod() {
    Param<int> steps("steps");
    Array start = input<float>("start", {64}), k = input<float>("k", {64}), seen = input<float>("seen", {64});
    auto [end] = loop(steps, {start},
                      [&](Expr, Array u) {
                          Func next("next"), at = zero_outside(u);
                          next(x) = u(x) + k(x) * (at(x - 1) - 2 * u(x) + at(x + 1));
                          return Arrays{Array(next, {64})};
                      },
                      {.name = "heat", .memory = Memory::sqrt});
    Func loss("loss");
    RDom r(0, 64);
    loss() += (end(r) - seen(r)) * (end(r) - seen(r));
    return Program("rod", {start, k, seen, steps}, {{"loss", Array(loss, {})}});
}

// Walkers that start at 0 and take normal steps, drawn towards 0; how far they are from it in the mean of squares.
Program walk() {
    Param<int> seed("seed");
    Param<float> pull("pull");
    const int walkers = 1000;
    auto [end] = loop(100, {row("start", 0.f, walkers)}, [&](Expr t, Array at) {
        Expr step = random_normal<float>(fold_in(random_key(seed), t), {x});
        return Arrays{row("at", (1 - pull) * at(x) + step, walkers)};
    });
    Func spread("spread");
    RDom r(0, walkers);
    spread() += end(r) * end(r) / walkers;
    return Program("walk", {seed, pull}, {{"spread", Array(spread, {})}});
}

// A line through points, fitted by steps down the gradient; the gradient is a program that the loop calls.
Program training(int points) {
    Array xs = input<float>("xs", {points}), ys = input<float>("ys", {points}), w = input<float>("w", {2});
    Func loss("loss");
    RDom r(0, points);
    loss() += pow(w(0) * xs(r) + w(1) - ys(r), 2) / points;
    Program slope = grad(Program("fit", {xs, ys, w}, {{"loss", Array(loss, {})}}), {"w"});

    Param<float> rate("rate");
    auto [fitted] = loop(300, {w},
                         [&](Expr, Array now) {
                             Array d = call(slope, {xs, ys, now})[1];
                             return Arrays{row("w", now(x) - rate * d(x), 2)};
                         },
                         {.name = "train"});
    return Program("training", {xs, ys, w, rate}, {{"fitted", fitted}});
}

// Swings that the C function drives, and how its force moves with the angle.
Program swings() {
    const int n = 3;
    FuncRule slope;
    slope.jvp = [](const std::vector<Func> &in, const Func &, const std::vector<Func> &d) {
        Func moved("moved");
        moved(x) = -cos(in[0](x)) * d[0](x);
        return moved;
    };
    Array start = input<float>("start", {n});
    auto [angle, speed] = loop(100, {start, zeros("rest", Float(32), {n})},
                               [&](Expr, Array angle, Array speed) {
                                   Array force = extern_kernel<float>("swing_force", {angle}, {n});
                                   Array pull = custom_rule(force, {angle}, slope);
                                   Array faster = row("faster", speed(x) + 0.05f * pull(x), n);
                                   return Arrays{row("angle", angle(x) + 0.05f * faster(x), n), faster};
                               },
                               {.name = "swing"});
    return Program("swings", {start}, {{"angle", angle}});
}

// Runs a program that grows without bound: where does it, and which kernels ran how often?
void watch(const Executable &program, const NamedArguments &arguments) {
    Profile profile;
    Status status = program.try_run(arguments, {.finite = true, .profile = &profile});
    std::printf("watch: %s\n", status.text.c_str());
    for (const Profile::Kernel &kernel : profile.kernels()) {
        std::printf("watch: %d calls of kernel %s\n", static_cast<int>(kernel.calls), kernel.name.c_str());
    }
    status = program.try_run(arguments, [](const LoopStep &s) {
        Buffer<float> u = s.state("start");  // what the step starts from
        return u(0) < 1.5e38f;
    });
    std::printf("watch: %s\n", status.text.c_str());
}

// Keeps what the states of loop heat are at every 100th step, as files of numpy, and one of them for ParaView.
void keep(const Executable &program, const NamedArguments &arguments, const std::filesystem::path &folder) {
    Trace trace(folder, "heat", 100);
    program.run(arguments, [&](const LoopStep &s) {
        trace.add(s.in_c());
        if (s.step == 500) {
            write_vti(folder / "rod_500.vti", {{"heat", s.state("start").raw_buffer()}}, {.spacing = {0.5, 1, 1}});
        }
        return true;
    });
    trace.finish();
}

}  // namespace

int main() {
    const TargetRow &target = find_target("host");

    Buffer<float> height = scalar(0), path(200), by_height = scalar(0), by_bounce = scalar(0);
    compile(grad(ball(), {"h0", "bounce"}), target)
        .run({{"h0", scalar(1)},
              {"bounce", 0.8f},
              {"height", height},
              {"path", path},
              {"d_height_d_h0", by_height},
              {"d_height_d_bounce", by_bounce}});
    std::printf("ball: at %.3f after 2 s; by the height it falls from %.2f, by its bounce %.2f\n", height(),
                by_height(), by_bounce());

    Buffer<float> a(3), root(3), by_a(3), ones(3);
    Buffer<int> steps = Buffer<int>::make_scalar();
    for (int i = 0; i < 3; i++) {
        a(i) = i + 2;
        ones(i) = 1;
    }
    compile(jvp(roots(), {"a"}), target)
        .run({{"a", a}, {"d_a", ones}, {"root", root}, {"steps", steps}, {"d_root", by_a}});
    std::printf("roots: %.4f %.4f %.4f in %d steps; by a %.4f %.4f %.4f\n", root(0), root(1), root(2), steps(), by_a(0),
                by_a(1), by_a(2));

    Buffer<float> start(64), k(64), seen(64), loss = scalar(0), by_k(64);
    start.fill(1);
    k.fill(0.2f);
    seen.fill(0.5f);
    compile(grad(rod(), {"k"}), target)
        .run({{"start", start}, {"k", k}, {"seen", seen}, {"steps", 1000}, {"loss", loss}, {"d_loss_d_k", by_k}});
    std::printf("rod: loss %.3f; by the conductivity at its end %.3f, in its middle %.3f\n", loss(), by_k(0), by_k(32));

    Buffer<float> spread = scalar(0), by_pull = scalar(0);
    compile(grad(walk(), {"pull"}), target)
        .run({{"seed", 1}, {"pull", 0.1f}, {"spread", spread}, {"d_spread_d_pull", by_pull}});
    std::printf("walk: spread %.1f, by the pull %.0f\n", spread(), by_pull());

    const int points = 20;
    Buffer<float> xs(points), ys(points), w(2), fitted(2);
    for (int i = 0; i < points; i++) {
        xs(i) = 0.1f * i;
        ys(i) = 3 * xs(i) - 1;
    }
    w.fill(0);
    compile(training(points), target).run({{"xs", xs}, {"ys", ys}, {"w", w}, {"rate", 0.3f}, {"fitted", fitted}});
    std::printf("training: y = %.3f x + %.3f\n", fitted(0), fitted(1));

    Buffer<float> angles(3), end(3), by_start(3);
    for (int i = 0; i < 3; i++) {
        angles(i) = 0.5f * (i + 1);
    }
    compile(vjp(swings(), {"start"}), target)
        .run({{"start", angles}, {"angle", end}, {"adjoint_angle", ones}, {"adjoint_start", by_start}});
    std::printf("swings: at %.3f %.3f %.3f after 5 s; by where they begin %.2f %.2f %.2f\n", end(0), end(1), end(2),
                by_start(0), by_start(1), by_start(2));

    start.fill(1e38f);
    k.fill(-1);
    watch(compile(rod(), target), {{"start", start}, {"k", k}, {"seen", seen}, {"steps", 1000}, {"loss", loss}});

    const std::filesystem::path folder = std::filesystem::temp_directory_path() / "sylvite_programs_example";
    std::filesystem::create_directories(folder);
    k.fill(0.2f);
    keep(compile(rod(), target), {{"start", start}, {"k", k}, {"seen", seen}, {"steps", 1000}, {"loss", loss}}, folder);
    for (const char *name : {"start.npy", "rod_500.vti"}) {
        std::printf("keep: %s has %d bytes\n", name, static_cast<int>(std::filesystem::file_size(folder / name)));
    }
    std::filesystem::remove_all(folder);
}
