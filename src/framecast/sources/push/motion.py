"""What the robot is told to do, and what then happens: actions, arm, physics.

An action is BAIR's (dx, dy, gripper, lift), held for two steps. dx and dy (m) move the hand's
goal; gripper n > 0 keeps the fingers shut for n actions and lift n > 0 the hand raised for n.
The servos follow their goals with about a step's lag.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from framecast.sources.push.paint import Floats
from framecast.sources.push.room import (
    FORE_ARM,
    SHOULDER,
    UPPER_ARM,
    WRIST,
)
from framecast.sources.push.scene import Scene
from framecast.sources.push.things import Rng

STEPS = 30  # frames a clip
HOLD = 2  # frames an action
SETTLE = 400  # physics steps before the first frame, nearly free once all sleep
SUBSTEPS = 30  # physics steps of 5 ms a frame
# The range of the hand's goal over x and y, m.
REACH: tuple[tuple[float, float], tuple[float, float]] = ((0.42, 0.56), (-0.21, 0.15))
DOWN_Z, UP_Z, START_Z = 0.20, 0.305, 0.23  # m
LARGEST_MOVE = 0.07  # m
HAND = slice(0, 5)  # its slides x, y, z, left, right come first among coordinates and speeds
OPEN, SHUT = 0.026, 0.010  # each finger's distance from the middle, m


@dataclass(frozen=True)
class Plan:
    """What the robot will be told, before anything has happened."""

    start: Floats  # [3] m, the hand's place in the first frame
    actions: Floats  # [30, 4] see above
    goals: Floats  # [30, 5] m, what the servos then seek: x, y, z and the two fingers


@dataclass(frozen=True)
class Recording:
    """What happened: at every step the hand's place and every geom's pose (G geoms)."""

    positions: Floats  # [30, 3] m
    places: Floats  # [30, G, 3] m
    turns: Floats  # [30, G, 9] rotation matrices, rows first
    things: Floats  # [30, N, 3] m, the things' places


def plan(rng: Rng) -> Plan:
    """Random actions: uniform moves, the fingers mostly open and the hand mostly down."""
    count = STEPS // HOLD
    actions = np.zeros((count, 4))
    actions[:, :2] = rng.uniform(-LARGEST_MOVE, LARGEST_MOVE, (count, 2))
    actions[:, 2] = np.where(rng.random(count) < 0.25, rng.integers(1, 5, count), 0)
    actions[:, 3] = np.where(rng.random(count) < 0.15, rng.integers(1, 3, count), 0)
    start = np.array([*(rng.uniform(low, high) for low, high in REACH), START_Z])
    start = np.round(start, 6)
    goals = _goals(start, actions)
    return Plan(start, np.repeat(actions, HOLD, axis=0), np.repeat(goals, HOLD, axis=0))


def _goals(start: Floats, actions: Floats) -> Floats:
    """The servos' goals [A, 5] for A actions [A, 4]: moves add up, within the hand's reach."""
    goals = np.zeros((len(actions), 5))
    (x, y), raised, shut = start[:2], 0, 0
    for goal, (dx, dy, gripper, lift) in zip(goals, actions):
        x, y = np.clip(x + dx, *REACH[0]), np.clip(y + dy, *REACH[1])
        raised, shut = max(raised - 1, int(lift)), max(shut - 1, int(gripper))
        fingers = SHUT if shut > 0 else OPEN
        goal[:] = x, y, UP_Z if raised > 0 else DOWN_Z, fingers, fingers
    return goals


def low_path(plan: Plan) -> Floats:
    """The places [P, 2], m, that the lowered hand seeks; its start if it is never lowered."""
    low = plan.goals[plan.goals[:, 2] == DOWN_Z, :2]
    return low if len(low) else plan.start[None, :2]


def simulate(scene: Scene, plan: Plan) -> Recording:
    """Run the plan: frame t is what stands before action t. Free of BLAS, a pure function."""
    data = settle(scene, plan.start)
    geoms, bodies = scene.model.ngeom, list(scene.bodies)
    positions, things = np.zeros((STEPS, 3)), np.zeros((STEPS, len(bodies), 3))
    places, turns = np.zeros((STEPS, geoms, 3)), np.zeros((STEPS, geoms, 9))
    for step in range(STEPS):
        positions[step] = np.round(data.qpos[HAND][:3], 6)
        places[step] = np.round(data.geom_xpos, 7)
        turns[step] = np.round(data.geom_xmat, 7)
        things[step] = np.round(data.xpos[bodies], 7)
        advance(scene, data, plan.goals[step])
    return Recording(positions, places, turns, things)


def settle(scene: Scene, start: Floats) -> mujoco.MjData:
    """A world at rest, the open hand at `start` [3], m."""
    data = mujoco.MjData(scene.model)
    # Things come to rest before the hand, held high until then, has come near them.
    data.qpos[HAND] = data.ctrl[:] = (*start[:2], 0.5, OPEN, OPEN)
    mujoco.mj_step(scene.model, data, SETTLE)
    data.qpos[HAND], data.qvel[HAND] = (*start, OPEN, OPEN), 0.0
    _tidy(scene, data)
    return data


def advance(scene: Scene, data: mujoco.MjData, goal: Floats) -> None:
    """One frame's time with the servos' goal [5], m."""
    data.ctrl[:] = goal
    mujoco.mj_step(scene.model, data, SUBSTEPS)
    _tidy(scene, data)


def travel(recording: Recording) -> Floats:
    """Each thing's horizontal way [N] between the first and the last frame, m."""
    way = recording.things[-1, :, :2] - recording.things[0, :, :2]
    return np.sqrt(way[:, 0] * way[:, 0] + way[:, 1] * way[:, 1])


def moving_geoms(recording: Recording) -> NDArray[np.bool_]:
    """Which geoms [G] are ever seen in another pose than in the first frame."""
    elsewhere = (recording.places != recording.places[:1]).any(axis=(0, 2))
    turned = (recording.turns != recording.turns[:1]).any(axis=(0, 2))
    return elsewhere | turned


def _tidy(scene: Scene, data: mujoco.MjData) -> None:
    """Round the state, hang the arm on the hand, and bring all poses up to date."""
    _round_state(scene.model, data)
    _place_arm(scene.model, data)
    mujoco.mj_kinematics(scene.model, data)


def _round_state(model: mujoco.MjModel, data: mujoco.MjData) -> None:
    """Forget the last digits, so that two machines' last-bit differences cannot grow.

    The C library's sine and the compiler's fused products differ between machines by 1e-16,
    which contacts amplify; cut off at every frame, they never reach a digit that is kept.
    Sleeping things are left alone: the least change of a place would wake them.
    """
    for joint in np.flatnonzero(data.tree_asleep[model.body_treeid[model.jnt_bodyid]] < 0):
        free = model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_FREE
        q, v = model.jnt_qposadr[joint], model.jnt_dofadr[joint]
        places, speeds = slice(q, q + (7 if free else 1)), slice(v, v + (6 if free else 1))
        data.qpos[places] = np.round(data.qpos[places], 7)
        data.qvel[speeds] = np.round(data.qvel[speeds], 6)


def _place_arm(model: mujoco.MjModel, data: mujoco.MjData) -> None:
    """Put the two links between shoulder and wrist, elbow up: two circles in a plane."""
    shoulder = np.array(SHOULDER)
    wrist = data.qpos[HAND][:3] + np.array([0.0, 0.0, WRIST])
    span = wrist - shoulder
    reach2 = span[0] * span[0] + span[1] * span[1] + span[2] * span[2]
    reach = np.sqrt(reach2)
    along = (reach2 + UPPER_ARM * UPPER_ARM - FORE_ARM * FORE_ARM) / (2 * reach)
    height = np.sqrt(max(UPPER_ARM * UPPER_ARM - along * along, 0.0))
    ahead = span / reach
    up = np.array([0.0, 0.0, 1.0]) - ahead[2] * ahead
    up = up / np.sqrt(up[0] * up[0] + up[1] * up[1] + up[2] * up[2])
    elbow = shoulder + along * ahead + height * up
    for name, near, far in (("upper_arm", shoulder, elbow), ("fore_arm", elbow, wrist)):
        mocap = int(model.body(name).mocapid[0])
        data.mocap_pos[mocap] = np.round((near + far) / 2, 7)
        data.mocap_quat[mocap] = np.round(_z_towards(far - near), 7)


def _z_towards(direction: Floats) -> Floats:
    """The quaternion that turns z into a direction, without a sine."""
    x, y, z = direction
    length = np.sqrt(x * x + y * y + z * z)
    quat = np.array([length + z, -y, x, 0.0])
    return np.asarray(quat / np.sqrt((quat * quat).sum()))
