-- Whether somebody may invite into a network with this role: an administrator, its leads, and its moderators for observers and members
-- (forum.memberships.invite asks the same of who makes an invitation). It is asked again whenever one is shown or used.
CREATE FUNCTION may_invite(inviter bigint, network bigint, as_role text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM members m LEFT JOIN standing s ON s.member_id = m.id AND s.network_id = network
        WHERE m.id = inviter AND m.state = 'active'
          AND (m.administrator OR s.role = 'lead' OR s.role = 'moderator' AND as_role IN ('observer', 'member')))
$$;
